maitred_fuzz(worker-output ${CMAKE_CURRENT_LIST_DIR}/worker-output.cpp LINK maitred_host_admin)
