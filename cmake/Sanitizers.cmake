# -DL4J_SANITIZE=address,undefined or thread: the whole native tree under sanitizers; any finding ends the program.
# -g1 has the lines of a trace, and compiles a fifth sooner than -g.
set(L4J_SANITIZE "" CACHE STRING "Sanitizers for native code, as -fsanitize takes them")
if(L4J_SANITIZE)
  add_compile_options(-fsanitize=${L4J_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -O1)
  add_link_options(-fsanitize=${L4J_SANITIZE})
endif()
