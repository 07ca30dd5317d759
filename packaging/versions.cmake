# Read by cpack for each generator, when the version of the packages is known: `cpack -R VERSION` may change it.
# A plugin and its host must agree on KJ, hence `=`.
set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS
    "maitred (= ${CPACK_PACKAGE_VERSION}), cmake (>= 3.25), g++, ninja-build")
