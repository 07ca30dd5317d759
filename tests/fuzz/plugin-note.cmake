maitred_fuzz(plugin-note ${CMAKE_CURRENT_LIST_DIR}/plugin-note.cpp LINK maitred_host_plugins)
