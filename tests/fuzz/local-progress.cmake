maitred_fuzz(local-progress ${CMAKE_CURRENT_LIST_DIR}/local-progress.cpp LINK maitred_local_shim)
