# The JavaCPP bindings of include/latent4j.h, from the preset class alone: javac the preset, let JavaCPP parse the header into Java, javac
# that, let JavaCPP write jnilatent4j.cpp (and jnijavacpp.cpp, its own share), and link them with the engine into one library. Maven passes
# the paths and compiles the generated Java once more with everything else; what happens here depends on the header and the preset only.
set(L4J_JAVA_HOME "" CACHE PATH "The JDK to generate bindings with")
set(L4J_JAVACPP_JAR "" CACHE FILEPATH "javacpp.jar")
set(L4J_JAVA_SOURCES "" CACHE PATH "src/main/java of java/core")
set(L4J_GENERATED "" CACHE PATH "Where the generated Java goes")
set(L4J_CLASSES "" CACHE PATH "Where the library goes, below org/latent4j/internal/library/<platform>")

set(package org/latent4j/internal)
set(preset ${L4J_JAVA_SOURCES}/${package}/Preset.java)
set(bindings ${L4J_GENERATED}/${package}/Native.java)
set(work ${CMAKE_CURRENT_BINARY_DIR}/bindings)
set(java ${L4J_JAVA_HOME}/bin/java -jar ${L4J_JAVACPP_JAR} -classpath ${work} -Dplatform.includepath=${CMAKE_CURRENT_SOURCE_DIR}/include)
set(javac ${L4J_JAVA_HOME}/bin/javac --release 17 -proc:none -nowarn -d ${work} -cp ${work}:${L4J_JAVACPP_JAR})

add_custom_command(
  OUTPUT ${bindings}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${work}
  COMMAND ${javac} ${preset}
  COMMAND ${java} -d ${L4J_GENERATED} org.latent4j.internal.Preset
  DEPENDS ${preset} ${CMAKE_CURRENT_SOURCE_DIR}/include/latent4j.h ${L4J_JAVACPP_JAR}
  COMMENT "JavaCPP: latent4j.h to Native.java" VERBATIM)
add_custom_command(
  OUTPUT ${work}/jnilatent4j.cpp ${work}/jnijavacpp.cpp
  COMMAND ${javac} ${bindings}
  COMMAND ${java} -d ${work} -nocompile org.latent4j.internal.Native
  DEPENDS ${bindings}
  COMMENT "JavaCPP: Native.java to jnilatent4j.cpp" VERBATIM)
add_custom_target(bindings DEPENDS ${bindings})

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(platform linux-x86_64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(platform linux-arm64)
else()
  message(FATAL_ERROR "no JavaCPP platform name known for ${CMAKE_SYSTEM_PROCESSOR}")
endif()

add_library(jnilatent4j SHARED ${work}/jnilatent4j.cpp ${work}/jnijavacpp.cpp)
# No RPATH: the library holds no folder of the machine that built it, and a shared CUDA runtime is the one that the loader finds.
set_target_properties(jnilatent4j PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${L4J_CLASSES}/${package}/library/${platform} SKIP_BUILD_RPATH ON)
target_include_directories(jnilatent4j PRIVATE ${L4J_JAVA_HOME}/include ${L4J_JAVA_HOME}/include/linux)
target_compile_options(jnilatent4j PRIVATE -w)  # generated code: its warnings are not ours
# The C++ runtime goes inside and stays hidden, so that the library runs on machines with another one, or none.
target_link_options(jnilatent4j PRIVATE -static-libstdc++ -static-libgcc -Wl,--exclude-libs,ALL -Wl,--no-undefined -Wl,--gc-sections -s)
target_link_libraries(jnilatent4j PRIVATE latent4j)
