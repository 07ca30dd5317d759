#pragma once
// Keys and certificates that are made when a test runs.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace maitred::testing {

using PrivateKey = std::shared_ptr<EVP_PKEY>;
PrivateKey makeEllipticKey();
PrivateKey makeRsaKey(unsigned bits = 2048);
std::string privatePem(const PrivateKey& key);

struct Wish {
  std::string commonName = "localhost";
  // As openssl.cnf has them.
  std::string alternativeNames = "DNS:localhost,IP:127.0.0.1";
  std::string extendedUsage = "serverAuth";
  int64_t notBefore = 0;              // seconds since 1970
  int64_t notAfter = 4102444800;      // 2100
  bool rsa = false;
};
struct Issued {
  std::string certificate, key;       // PEM
};

// A certificate authority of the test's own.
class Authority {
 public:
  explicit Authority(const std::string& name = "test authority");
  Issued issue(const Wish& wish = {}) const;
  std::string pem() const;

 private:
  PrivateKey key;
  std::shared_ptr<X509> own;
};

// Writes a file by rename, so that nobody sees half of it.
void writeFile(const std::string& path, const std::string& text, unsigned mode = 0600);

// A folder's cert.pem, key.pem and ca.pem.
void writeServerFiles(const std::string& folder, const Authority& authority,
                      const Wish& wish = {});

}  // namespace maitred::testing
