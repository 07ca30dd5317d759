maitred_fuzz(http ${CMAKE_CURRENT_LIST_DIR}/http.cpp LINK maitred_http)
