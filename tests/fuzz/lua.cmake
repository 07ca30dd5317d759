maitred_fuzz(lua ${CMAKE_CURRENT_LIST_DIR}/lua.cpp LINK maitred_lua)
