maitred_bench(cook-store SOURCES cook-store.cpp LINK maitred_cook_store benchmark::benchmark_main)
