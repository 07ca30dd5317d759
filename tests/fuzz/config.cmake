maitred_fuzz(config ${CMAKE_CURRENT_LIST_DIR}/config.cpp LINK maitred_host_config maitred_test_kitchen_schema)
