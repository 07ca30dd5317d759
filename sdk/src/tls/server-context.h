#pragma once
// From files to what OpenSSL serves connections with.

#include "openssl.h"

#include <maitred/tls/certificate.h>

#include <vector>

namespace maitred::tls {

struct ServerContext {
  ContextPtr context;   // null if there are faults
  int64_t expires = 0;  // of the server's own certificate
  std::vector<Fault> faults;
};

ServerContext loadServerContext(const Files& files, int64_t nowUnix);

}  // namespace maitred::tls
