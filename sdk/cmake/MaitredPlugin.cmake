# maitred_add_plugin(NAME
#   SCHEMA plugin.capnp       the plugin's schema: its config struct and `const manifest :Manifest.Manifest`
#   CONFIG StructName         the config struct; leave out for a plugin without config
#   SOURCES a.cpp b.cpp …     one of them has MAITRED_PLUGIN(Class)
#   [LINK targets…]           e.g. maitred::store, maitred::http, maitred::lua
#   [SCHEMA_LIBRARY target])  where the schema is compiled already, see maitred_plugin_schema()
#
# Builds NAME.so: exports the one symbol `maitred_plugin`, is never unmapped, and carries the manifest as an
# ELF note. The generated header is <name of the schema file>.h.
set(MAITRED_PLUGIN_VERSION_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/plugin.map CACHE INTERNAL "")

# maitred_plugin_schema(TARGET SCHEMA file.capnp): compiles a plugin's schema into a static library, for plugins
# that keep their code in libraries of their own. Sets MAITRED_SCHEMA_FILE on the target.
function(maitred_plugin_schema target)
  cmake_parse_arguments(arg "" "SCHEMA" "" ${ARGN})
  get_filename_component(source ${arg_SCHEMA} ABSOLUTE)
  get_filename_component(file ${arg_SCHEMA} NAME)
  set(root ${CMAKE_CURRENT_BINARY_DIR}/schema)
  configure_file(${source} ${root}/${file} COPYONLY)
  maitred_compile_schemas(generated ${root} ${root}/${file})
  add_library(${target} STATIC ${generated})
  target_include_directories(${target} PUBLIC ${root})
  target_link_libraries(${target} PUBLIC maitred::schema)
  target_compile_options(${target} PRIVATE -w -fPIC)
  set_target_properties(${target} PROPERTIES MAITRED_SCHEMA_FILE ${root}/${file})
endfunction()

function(maitred_add_plugin name)
  cmake_parse_arguments(arg "" "SCHEMA;CONFIG;SCHEMA_LIBRARY" "SOURCES;LINK" ${ARGN})
  if(NOT arg_CONFIG)
    set(arg_CONFIG none)
  endif()
  if(NOT arg_SCHEMA_LIBRARY)
    set(arg_SCHEMA_LIBRARY ${name}-schema)
    maitred_plugin_schema(${arg_SCHEMA_LIBRARY} SCHEMA ${arg_SCHEMA})
  endif()
  get_target_property(schema ${arg_SCHEMA_LIBRARY} MAITRED_SCHEMA_FILE)
  get_filename_component(schema_root ${schema} DIRECTORY)

  set(note ${CMAKE_CURRENT_BINARY_DIR}/${name}-note.S)
  add_custom_command(
    OUTPUT ${note}
    COMMAND ${MAITRED_CAPNP} compile --no-standard-import -I${schema_root} -I${MAITRED_SCHEMA_ROOT}
            -I/usr/include -o- ${schema} | $<TARGET_FILE:maitred::note> ${arg_CONFIG} ${note}
    DEPENDS ${schema} maitred::note
    COMMENT "manifest of ${name}" VERBATIM)

  add_library(${name} MODULE ${arg_SOURCES} ${note})
  set_target_properties(${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(MAITRED_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${MAITRED_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE maitred::plugin ${arg_SCHEMA_LIBRARY} ${arg_LINK})
  target_link_options(${name} PRIVATE
    LINKER:--version-script=${MAITRED_PLUGIN_VERSION_SCRIPT} LINKER:-z,nodelete LINKER:--exclude-libs,ALL)
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${MAITRED_PLUGIN_VERSION_SCRIPT})
  if(COMMAND maitred_use_pch)
    maitred_use_pch(${name})
  endif()
endfunction()
