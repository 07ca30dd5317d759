maitred_fuzz(admin ${CMAKE_CURRENT_LIST_DIR}/admin.cpp LINK maitred_host_admin)
