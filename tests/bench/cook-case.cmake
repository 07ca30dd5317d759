maitred_bench(cook-case SOURCES cook-case.cpp LINK maitred_cook_case CapnProto::kj-async benchmark::benchmark_main)
