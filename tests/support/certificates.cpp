#include "certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <sys/stat.h>

namespace maitred::testing {

namespace {

PrivateKey owned(EVP_PKEY* key) {
  if (key == nullptr) throw std::runtime_error("no key could be made");
  return {key, &EVP_PKEY_free};
}

template <typename Write>
std::string pemOf(Write&& write) {
  BIO* memory = BIO_new(BIO_s_mem());
  write(memory);
  char* bytes = nullptr;
  long size = BIO_get_mem_data(memory, &bytes);
  std::string text(bytes, static_cast<size_t>(size));
  BIO_free(memory);
  return text;
}

void name(X509* certificate, const std::string& commonName) {
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(commonName.c_str()), -1, -1,
                             0);
}

void extend(X509* certificate, X509* issuer, int type, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, type, value.c_str());
  if (extension == nullptr) throw std::runtime_error("bad extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> blank(const PrivateKey& key, int64_t notBefore, int64_t notAfter) {
  static long serial = 1;
  std::shared_ptr<X509> made(X509_new(), &X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), notBefore);
  ASN1_TIME_set(X509_getm_notAfter(made.get()), notAfter);
  X509_set_pubkey(made.get(), key.get());
  return made;
}

}  // namespace

PrivateKey makeEllipticKey() { return owned(EVP_EC_gen("P-256")); }
PrivateKey makeRsaKey(unsigned bits) { return owned(EVP_RSA_gen(bits)); }

std::string privatePem(const PrivateKey& key) {
  return pemOf([&](BIO* out) {
    PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Authority::Authority(const std::string& authority)
    : key(makeEllipticKey()), own(blank(key, 0, 4102444800)) {
  name(own.get(), authority);
  X509_set_issuer_name(own.get(), X509_get_subject_name(own.get()));
  extend(own.get(), own.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(own.get(), own.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(own.get(), own.get(), NID_subject_key_identifier, "hash");
  X509_sign(own.get(), key.get(), EVP_sha256());
}

Issued Authority::issue(const Wish& wish) const {
  auto leafKey = wish.rsa ? makeRsaKey() : makeEllipticKey();
  auto leaf = blank(leafKey, wish.notBefore, wish.notAfter);
  if (!wish.commonName.empty()) name(leaf.get(), wish.commonName);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(own.get()));
  extend(leaf.get(), own.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(leaf.get(), own.get(), NID_ext_key_usage, wish.extendedUsage);
  extend(leaf.get(), own.get(), NID_subject_alt_name, wish.alternativeNames);
  X509_sign(leaf.get(), key.get(), EVP_sha256());
  return {pemOf([&](BIO* out) { PEM_write_bio_X509(out, leaf.get()); }), privatePem(leafKey)};
}

std::string Authority::pem() const {
  return pemOf([&](BIO* out) { PEM_write_bio_X509(out, own.get()); });
}

void writeFile(const std::string& path, const std::string& text, unsigned mode) {
  std::string fresh = path + ".new";
  std::ofstream(fresh) << text;
  chmod(fresh.c_str(), mode);
  std::rename(fresh.c_str(), path.c_str());
}

void writeServerFiles(const std::string& folder, const Authority& authority, const Wish& wish) {
  auto issued = authority.issue(wish);
  writeFile(folder + "/cert.pem", issued.certificate, 0644);
  writeFile(folder + "/key.pem", issued.key);
  writeFile(folder + "/ca.pem", authority.pem(), 0644);
}

}  // namespace maitred::testing
