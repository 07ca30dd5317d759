# The Debian packages, made by `cpack` from the install rules; scripts/package.sh builds what they need first.
#   maitred       the host, its plugins and policies, the service      component `runtime`
#   maitred-sdk   what plugins are built with                          component `sdk`
#   maitred-doc   the documentation and examples                       component `doc`
# An install() without COMPONENT belongs to CMAKE_INSTALL_DEFAULT_COMPONENT_NAME of its folder. What exists in
# packages only, such as /etc/maitred, is added by packaging/stage.cmake.
set(MAITRED_PACKAGE_MAINTAINER "maitred maintainers <maintainers@maitred.invalid>" CACHE STRING
    "who answers for the Debian packages: NAME <ADDRESS>")

install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/maitred-doc COMPONENT doc FILES_MATCHING PATTERN "*.md")
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/maitred-doc COMPONENT doc)
install(DIRECTORY examples/monitoring examples/cook DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/maitred-doc/examples COMPONENT doc)
install(DIRECTORY examples/hello-plugin examples/webhook-plugin examples/cook-demo-plugin
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/maitred-sdk/examples COMPONENT sdk)
install(FILES packaging/maitred.yaml packaging/systemd/run-as-submitter.conf
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/maitred/examples COMPONENT runtime)

set(components runtime sdk doc)
get_cmake_property(found COMPONENTS)
foreach(component IN LISTS found)
  if(NOT component IN_LIST components)
    message(FATAL_ERROR "install(… COMPONENT ${component}): a component is a package, one of ${components}")
  endif()
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME maitred)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")   # each package has its own, the first line of its description
set(CPACK_PACKAGE_CONTACT ${MAITRED_PACKAGE_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/packaging/versions.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/stage.cmake)
set(CPACK_MAITRED_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set(CPACK_MAITRED_STRIP ${CMAKE_STRIP})

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME maitred)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION
"plugin host that seats batch work, services and notebooks on a cluster
A small process loads plugins and wires them with capabilities. This package
has the host, the local and the simulated backend, the fair batch queue with
Cook's REST interface, the Lua policies, and a systemd unit.")
# libcurl and libarchive are loaded when a task wants files fetched, and by `maitred ctl support`, so that
# dpkg-shlibdeps does not see them; passwd brings useradd for postinst.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "libcurl4, libarchive13, passwd")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "ca-certificates, logrotate")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "maitred-doc, maitred-sdk, sqlite3")
foreach(file conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/${file})
endforeach()

set(CPACK_DEBIAN_SDK_PACKAGE_NAME maitred-sdk)
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_SDK_DESCRIPTION
"SDK for plugins of maitred
Headers, static libraries, Cap'n Proto schemas and the CMake package with
maitred_add_plugin(): all that a plugin is written and built with, without
maitred's source tree.")
# Those that maitredConfig.cmake asks for.
set(CPACK_DEBIAN_SDK_PACKAGE_DEPENDS "capnproto, libcapnp-dev, liblua5.4-dev, libsqlite3-dev, libssl-dev, \
nlohmann-json3-dev, pkg-config")
set(CPACK_DEBIAN_SDK_PACKAGE_SUGGESTS "maitred-doc")

set(CPACK_DEBIAN_DOC_PACKAGE_NAME maitred-doc)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DOC_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DOC_DESCRIPTION
"documentation of maitred
How to operate it, write policies and write plugins, as Markdown, with a
dashboard and alert rules for its metrics.")
set(CPACK_DEBIAN_DOC_PACKAGE_SUGGESTS "maitred")
include(CPack)
