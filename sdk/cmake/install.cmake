# The installed SDK: `find_package(maitred)` gives the targets maitred::plugin, ::schema, ::backend, ::store,
# ::tls, ::http, ::lua and ::testing, and the function maitred_add_plugin().
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/maitred)
set(components schema plugin)
foreach(component tls backend store http lua testing)
  if(TARGET maitred_${component})
    list(APPEND components ${component})
  endif()
endforeach()
foreach(component IN LISTS components)
  set_target_properties(maitred_${component} PROPERTIES EXPORT_NAME ${component})
  target_include_directories(maitred_${component} INTERFACE $<INSTALL_INTERFACE:include>)
  install(TARGETS maitred_${component} EXPORT maitred ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/maitred/sdk)
endforeach()
set_target_properties(maitred-note PROPERTIES EXPORT_NAME note)
install(TARGETS maitred-note EXPORT maitred RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/maitred/sdk)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/include/maitred DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${MAITRED_SCHEMA_ROOT}/maitred/schema DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/maitred
        FILES_MATCHING PATTERN "*.capnp" PATTERN "*.capnp.h")
# The templates of `maitred plugins new`.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/templates/plugin/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/maitred/plugin-templates FILES_MATCHING PATTERN "*.in")
install(EXPORT maitred NAMESPACE maitred:: FILE maitredTargets.cmake DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/maitredConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/maitredConfig.cmake INSTALL_DESTINATION ${package_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/maitredConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/maitredConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/maitredConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/MaitredPlugin.cmake ${CMAKE_CURRENT_LIST_DIR}/MaitredSchemas.cmake
              ${CMAKE_CURRENT_LIST_DIR}/plugin.map
        DESTINATION ${package_dir})
