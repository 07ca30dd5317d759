maitred_bench(cook-store SOURCES cook-store.cpp LINK maitred_cook_store maitred_testing benchmark::benchmark_main)
