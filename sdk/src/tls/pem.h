#pragma once
// PEM files, read with a limit.

#include "openssl.h"

#include <optional>
#include <string>
#include <vector>

namespace maitred::tls {

// The content of a regular file of at most 1 MiB. Nothing on failure; `fault` then says why, and
// names the file. `shared` tells whether everybody may read it.
std::optional<std::string> readPem(const std::string& path, std::string& fault,
                                   bool* shared = nullptr);

// All certificates of a PEM text, in their order. Empty with a `fault` if one is malformed, or none
// is there.
std::vector<CertificatePtr> certificatesIn(const std::string& text, std::string& fault);

// The private key of a PEM text. Null with a `fault`. Never asks for a passphrase.
KeyPtr keyIn(const std::string& text, std::string& fault);

int64_t expiryOf(X509* certificate);  // seconds since 1970
int64_t beginOf(X509* certificate);

}  // namespace maitred::tls
