#include <maitred/tls/connector.h>

#include "openssl.h"
#include "pem.h"

#include <kj/debug.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

namespace maitred::tls {

namespace {

constexpr auto FAILED = kj::Exception::Type::FAILED;

std::vector<CertificatePtr> readCertificates(const std::string& path) {
  std::string problem;
  auto text = readPem(path, problem);
  if (!text) fail(FAILED, problem);
  auto list = certificatesIn(*text, problem);
  if (list.empty()) fail(FAILED, path + " " + problem);
  return list;
}

void trust(SSL_CTX* context, const std::string& ca) {
  if (ca.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return;
    fail(FAILED, takeErrors("the system's authorities cannot be read"));
  }
  for (auto& authority : readCertificates(ca)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
  }
}

void show(SSL_CTX* context, const ConnectorFiles& files) {
  auto chain = readCertificates(files.certificate);
  std::string problem;
  auto text = readPem(files.key, problem);
  if (!text) fail(FAILED, problem);
  auto key = keyIn(*text, problem);
  OPENSSL_cleanse(text->data(), text->size());
  if (key == nullptr) fail(FAILED, files.key + " " + problem);
  ERR_clear_error();
  bool taken = SSL_CTX_use_certificate(context, chain[0].get()) == 1 &&
               SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  for (size_t i = 1; taken && i < chain.size(); ++i) {
    taken = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  }
  if (taken) return;
  fail(FAILED, files.certificate + " and " + files.key +
                   " cannot be used: " + takeErrors("no reason given"));
}

bool isAddress(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// Whom the certificate must name.
void expect(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool set = isAddress(host) ? X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1
                             : X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) == 1 &&
                                   SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  if (!set || host.empty()) fail(FAILED, "not a server's name or address: '" + host + "'");
}

}  // namespace

Connector::Connector(const ConnectorFiles& files) {
  ContextPtr made(SSL_CTX_new(TLS_client_method()));
  setCommon(made.get());
  SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(made.get(), HTTP_1_1, sizeof HTTP_1_1);
  trust(made.get(), files.ca);
  if (files.certificate.empty() != files.key.empty()) {
    fail(FAILED, "a client's certificate and its key come together: one of them is missing");
  }
  if (!files.certificate.empty()) show(made.get(), files);
  context = made.release();
}

Connector::~Connector() noexcept(false) { SSL_CTX_free(context); }

kj::Promise<kj::Own<Stream>> Connector::connect(kj::Own<kj::AsyncIoStream> connection,
                                                std::string host) {
  SslPtr ssl(SSL_new(context));
  KJ_ASSERT(ssl != nullptr, takeErrors("no memory").c_str());
  SSL_set_connect_state(ssl.get());
  expect(ssl.get(), host);
  auto stream = kj::heap<Stream>(kj::mv(connection), ssl.release());
  auto done = stream->handshake();
  return done.then([stream = kj::mv(stream)]() mutable { return kj::mv(stream); });
}

}  // namespace maitred::tls
