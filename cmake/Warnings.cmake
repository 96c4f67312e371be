# Warnings are errors in our own code, with the compiler that CI has: a newer one may know warnings we have not seen, and must not stop a
# user's build.
add_compile_options(-Wall -Wextra -Wno-psabi)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Werror -Wno-restrict)  # g++ 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651)
endif()
