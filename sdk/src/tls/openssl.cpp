#include "openssl.h"

#include <kj/debug.h>

#include <openssl/err.h>

namespace maitred::tls {

std::string takeErrors(const char* otherwise) {
  std::string text;
  while (unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    std::string one = reason != nullptr ? reason : "error " + std::to_string(code);
    if (text.find(one) == text.npos) text += (text.empty() ? "" : "; ") + one;
  }
  return text.empty() ? otherwise : text;
}

void fail(kj::Exception::Type type, std::string_view text) {
  kj::throwFatalException(kj::Exception(type, __FILE__, __LINE__,
                                        kj::heapString(text.data(), text.size())));
}

void setCommon(SSL_CTX* context) {
  // Names that this OpenSSL does not know would leave nothing to choose from.
  bool good = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
              SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
  KJ_ASSERT(good, takeErrors("OpenSSL refuses its settings").c_str());
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection keeps no record buffers.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
}

}  // namespace maitred::tls
