# Compiles kernels/cpu/<op>.cpp once per CPU level, each in its own namespace (L4J_LEVEL), so that one library runs on every x86-64
# machine and picks at run time (kernels/cpu/dispatch.h). Level sources must not instantiate shared templates or inline functions with
# external linkage: the linker would keep one copy, perhaps the AVX-512 one.
set(L4J_LEVEL_FLAGS_plain "")
set(L4J_LEVEL_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi2)
set(L4J_LEVEL_FLAGS_avx512 -mavx2 -mfma -mf16c -mbmi2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
set(L4J_LEVEL_FLAGS_avx512_bf16 ${L4J_LEVEL_FLAGS_avx512} -mavx512bf16 -mavx512vnni -mavx512vbmi)

function(latent4j_cpu_levels target)
  set(levels plain)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND levels avx2 avx512 avx512_bf16)
  endif()
  foreach(level IN LISTS levels)
    set(objects ${target}_cpu_${level})
    add_library(${objects} OBJECT ${ARGN})
    target_compile_options(${objects} PRIVATE ${L4J_LEVEL_FLAGS_${level}} -ffp-contract=off)
    string(TOUPPER ${level} upper)
    target_compile_definitions(${objects} PRIVATE L4J_LEVEL=${level} L4J_LEVEL_${upper}=1)
    target_link_libraries(${objects} PRIVATE latent4j_settings)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    target_compile_definitions(${target} PRIVATE L4J_HAS_LEVEL_${upper}=1)
  endforeach()
endfunction()

# A test per level that its objects keep the rule above.
function(latent4j_cpu_level_tests target)
  foreach(level avx2 avx512 avx512_bf16)
    set(objects ${target}_cpu_${level})
    if(TARGET ${objects})
      add_test(NAME cpu_level_symbols.${level} COMMAND ${CMAKE_COMMAND} -D NM=${CMAKE_NM} -D LEVEL=${level}
               -D "OBJECTS=$<TARGET_OBJECTS:${objects}>" -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/CheckLevelSymbols.cmake)
    endif()
  endforeach()
endfunction()
