maitred_fuzz(local-record ${CMAKE_CURRENT_LIST_DIR}/local-record.cpp LINK maitred_local_core)
