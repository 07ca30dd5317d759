maitred_fuzz(cook-record ${CMAKE_CURRENT_LIST_DIR}/cook-record.cpp LINK maitred_cook_store SQLite::SQLite3)
