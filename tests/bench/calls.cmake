# Calls to plugins: inline, one hop, plugin to plugin.
maitred_plugin_schema(bench-target-schema SCHEMA calls/bench-target.capnp)
maitred_add_plugin(bench-target SCHEMA_LIBRARY bench-target-schema SOURCES calls/bench-target.cpp)
set_target_properties(bench-target PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
# Of the host only what lies between two plugins.
maitred_bench(calls
  SOURCES calls/calls-bench.cpp ${PROJECT_SOURCE_DIR}/host/runtime/edge.cpp ${PROJECT_SOURCE_DIR}/host/runtime/meter.cpp
  LINK maitred_testing bench-target-schema)
if(TARGET bench-calls)
  target_include_directories(bench-calls PRIVATE ${PROJECT_SOURCE_DIR})
  add_dependencies(bench-calls bench-target)
endif()
