maitred_bench(http-tls SOURCES http-tls.cpp LINK maitred_http maitred_testing test_certificates)
