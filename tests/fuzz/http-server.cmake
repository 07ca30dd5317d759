maitred_fuzz(http-server ${CMAKE_CURRENT_LIST_DIR}/http-server.cpp LINK maitred_http)
