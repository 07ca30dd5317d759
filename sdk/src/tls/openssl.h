#pragma once
// OpenSSL's objects with owners, its errors as text, and what both sides set alike.

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <kj/exception.h>

#include <memory>
#include <string>
#include <string_view>

namespace maitred::tls {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<&X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<&SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<&SSL_free>>;

// The reasons in this thread's error queue, which is empty afterwards. `otherwise` if there are
// none.
std::string takeErrors(const char* otherwise);

// Versions, ciphers, curves and modes that both sides have in common.
void setCommon(SSL_CTX* context);

// Throws a kj::Exception with this text and nothing else.
[[noreturn]] void fail(kj::Exception::Type type, std::string_view text);

// The protocol that both sides speak, in ALPN's form.
inline constexpr unsigned char HTTP_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

}  // namespace maitred::tls
