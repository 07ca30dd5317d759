# Compiler-wide settings. Everything is built position independent with the same flags, so that one
# precompiled header serves libraries, plugins and programs alike.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_options(-fPIC -Wall -Wextra -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-deprecated-declarations>)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC may emit an empty cold part of a function; lld then indexes two unwind entries for one address, and an
  # exception through the function that really lies there ends the program (docs/internals/track-record.md).
  add_compile_options($<$<CONFIG:Release>:-fno-reorder-blocks-and-partition>)
  # GCC 12 sees both in KJ's promise and Maybe templates, where there is neither.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-array-bounds> $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
  # … and these in its own std::string when optimising.
  foreach(false_alarm stringop-overread stringop-overflow restrict)
    add_compile_options($<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release>>:-Wno-${false_alarm}>)
  endforeach()
endif()

find_program(MAITRED_CCACHE ccache)
if(MAITRED_CCACHE)
  # The precompiled header needs these sloppinesses; see ccache(1), "Precompiled headers".
  # With paths relative to the checkout, several checkouts share what one has compiled.
  set(launcher ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${MAITRED_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

find_program(MAITRED_LLD NAMES ld.lld ld.lld-14)
if(MAITRED_LLD)
  add_link_options(-fuse-ld=lld)
endif()

set(MAITRED_SANITIZE "" CACHE STRING "sanitizers to build with, e.g. address,undefined")
if(MAITRED_SANITIZE)
  add_compile_options(-fsanitize=${MAITRED_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  # KJ is built without RTTI checks in mind: its vptr tricks are not ours to fix.
  add_compile_options(-fno-sanitize=vptr)
  add_link_options(-fsanitize=${MAITRED_SANITIZE})
endif()
set(MAITRED_SANITIZER_ENVIRONMENT "")
if(MAITRED_SANITIZE)
  # Plugins that tests build outside of this tree: a host takes only what was built like itself.
  set(MAITRED_SANITIZER_ENVIRONMENT
      "CXX=${CMAKE_CXX_COMPILER}" "CXXFLAGS=-fsanitize=${MAITRED_SANITIZE} -fno-sanitize=vptr")
endif()
if(MAITRED_SANITIZE MATCHES "thread")
  # Tests fork processes that start threads of their own.
  list(APPEND MAITRED_SANITIZER_ENVIRONMENT
      "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp:die_after_fork=0:second_deadlock_stack=1")
endif()
# The code of tests, not what they test: a debugger wants the dev preset anyway.
set(MAITRED_TEST_OPTIONS $<$<CONFIG:Release>:-O0> $<$<CONFIG:Release>:-g0>)
option(MAITRED_UNITY "compile files that belong together as one: faster from scratch, slower after a change" OFF)
set(MAITRED_UNITY_BATCH 16)
option(MAITRED_FUZZ "build the libFuzzer targets (Clang)" OFF)
option(MAITRED_BENCH "build the benchmarks" ON)
