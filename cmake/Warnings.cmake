# Warnings are errors in our own code, with the compiler that CI has: a newer one may know warnings we have not seen, and must not stop a
# user's build.
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wno-psabi>" "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wno-psabi>")
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Werror;-Wno-restrict>" "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings>")
endif()
