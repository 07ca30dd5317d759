maitred_bench(cook-core SOURCES cook-core.cpp LINK maitred_cook_core CapnProto::kj-async benchmark::benchmark_main)
maitred_bench(cook-rebalancer SOURCES cook-rebalancer.cpp LINK maitred_cook_core CapnProto::kj-async benchmark::benchmark_main)
