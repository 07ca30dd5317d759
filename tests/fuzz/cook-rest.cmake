maitred_fuzz(cook-rest ${CMAKE_CURRENT_LIST_DIR}/cook-rest.cpp LINK maitred_cook_rest)
