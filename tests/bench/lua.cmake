maitred_bench(lua-policy SOURCES lua-policy.cpp LINK maitred_lua benchmark::benchmark_main)
