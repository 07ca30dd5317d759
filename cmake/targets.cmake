# The few functions with which every folder declares what it builds.

# With MAITRED_FUZZ everything counts its branches, except what has coroutines: Clang 14 cannot assemble those
# with counters.
function(maitred_spare_coroutines target)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(path ${source} ABSOLUTE)
    if(EXISTS ${path} AND path MATCHES "\\.cpp$")
      file(STRINGS ${path} coroutine REGEX "co_(await|return)" LIMIT_COUNT 1)
      if(coroutine)
        set_source_files_properties(${source} PROPERTIES
          COMPILE_OPTIONS -fno-sanitize=fuzzer-no-link SKIP_PRECOMPILE_HEADERS ON)
      endif()
    endif()
  endforeach()
endfunction()

# The heavy third-party headers, compiled once for all.
function(maitred_use_pch target)
  if(MAITRED_FUZZ)
    maitred_spare_coroutines(${target})
  endif()
  if(TARGET maitred_pch)
    target_precompile_headers(${target} REUSE_FROM maitred_pch)
  endif()
endfunction()

# With MAITRED_UNITY several files of a target are compiled as one: the templates of KJ, JSON and GoogleTest, which
# each would instantiate again, cost more than all the rest. So names in anonymous namespaces must differ within it.
function(maitred_compile_together target)
  if(MAITRED_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${MAITRED_UNITY_BATCH})
    # GCC takes the files for headers then, where such a type would be a fault.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
endfunction()

# For what runs once and not per job, call or request: most of the optimiser's gain at half of its price.
function(maitred_seldom_run target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# maitred_library(NAME SOURCES… [LINK targets…] [INCLUDE dirs…]): a static library inside this tree.
function(maitred_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;INCLUDE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${arg_LINK})
  foreach(folder IN LISTS arg_INCLUDE)
    if(NOT folder MATCHES "^\\$<")
      set(folder $<BUILD_INTERFACE:${folder}>)
    endif()
    target_include_directories(${name} PUBLIC ${folder})
  endforeach()
  maitred_compile_together(${name})
  maitred_use_pch(${name})
endfunction()

# What a run of one label builds.
add_custom_target(unit-tests)
add_custom_target(thread-tests)
add_custom_target(fuzz-targets)

# maitred_test(NAME SOURCES… [LINK targets…] [LABELS …] [TIMEOUT s] [ENVIRONMENT …]): a GoogleTest program,
# each of its tests known to CTest. Labels: unit (default), integration, e2e; besides, `threads` for what
# ThreadSanitizer has to see. With MAITRED_FUZZ there are none: only the fuzz targets are of use then.
function(maitred_test name)
  if(MAITRED_FUZZ)
    return()
  endif()
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
    if(MAITRED_SANITIZE)
      set(arg_TIMEOUT 600)
    endif()
  endif()
  add_executable(${name} ${arg_SOURCES} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${MAITRED_TEST_OPTIONS})
  maitred_compile_together(${name})
  target_precompile_headers(${name} REUSE_FROM maitred_test_pch)
  if("unit" IN_LIST arg_LABELS)
    add_dependencies(unit-tests ${name})
  endif()
  if("threads" IN_LIST arg_LABELS)
    add_dependencies(thread-tests ${name})
  endif()
  set(env MAITRED_SOURCE_DIR=${PROJECT_SOURCE_DIR} MAITRED_BINARY_DIR=${PROJECT_BINARY_DIR} ${arg_ENVIRONMENT}
          ${MAITRED_SANITIZER_ENVIRONMENT})
  # One CTest entry per program keeps the run short; --gtest_filter finds the single test.
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${env}")
endfunction()

# maitred_fuzz(NAME SOURCE [LINK …]): with the `fuzz` preset a libFuzzer program; always a CTest entry that
# replays tests/fuzz/corpus/NAME with any compiler.
function(maitred_fuzz name source)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_executable(fuzz-${name} ${source})
  target_link_libraries(fuzz-${name} PRIVATE ${arg_LINK})
  if(MAITRED_FUZZ)
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz-${name} COMMAND fuzz-${name} -runs=0 ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  else()
    target_sources(fuzz-${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay-main.cpp)
    add_test(NAME fuzz-${name} COMMAND fuzz-${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  endif()
  maitred_seldom_run(fuzz-${name})
  maitred_use_pch(fuzz-${name})
  add_dependencies(unit-tests fuzz-${name})
  add_dependencies(fuzz-targets fuzz-${name})
  set_tests_properties(fuzz-${name} PROPERTIES LABELS "unit;fuzz" TIMEOUT 120)
endfunction()

# maitred_bench(NAME SOURCES… [LINK …]): a Google Benchmark program in build/<preset>/bench, built by its name or
# by `benchmarks`: those who only test or install do not wait for it.
add_custom_target(benchmarks)
function(maitred_bench name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  if(NOT MAITRED_BENCH)
    return()
  endif()
  add_executable(bench-${name} EXCLUDE_FROM_ALL ${arg_SOURCES} ${arg_UNPARSED_ARGUMENTS})
  set_target_properties(bench-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  target_link_libraries(bench-${name} PRIVATE ${arg_LINK} benchmark::benchmark)
  add_dependencies(benchmarks bench-${name})
  maitred_use_pch(bench-${name})
endfunction()
