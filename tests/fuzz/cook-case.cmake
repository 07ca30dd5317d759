maitred_fuzz(cook-case ${CMAKE_CURRENT_LIST_DIR}/cook-case.cpp LINK maitred_cook_case)
