# -DL4J_SANITIZE=address,undefined or thread: the whole native tree under sanitizers; any finding ends the program.
set(L4J_SANITIZE "" CACHE STRING "Sanitizers for native code, as -fsanitize takes them")
if(L4J_SANITIZE)
  add_compile_options(-fsanitize=${L4J_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1)
  add_link_options(-fsanitize=${L4J_SANITIZE})
endif()
