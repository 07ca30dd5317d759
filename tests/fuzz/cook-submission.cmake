maitred_fuzz(cook-submission ${CMAKE_CURRENT_LIST_DIR}/cook-submission.cpp LINK maitred_cook_rest)
