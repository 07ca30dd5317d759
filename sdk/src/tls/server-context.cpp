#include "server-context.h"

#include "pem.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstring>

namespace maitred::tls {

namespace {

using Field = Fault::Field;

// Takes `http/1.1` if the client names it. A client that names other protocols alone is refused;
// one that names none is taken to speak it.
int chooseProtocol(SSL*, const unsigned char** chosen, unsigned char* length,
                   const unsigned char* offered, unsigned offeredLength, void*) {
  unsigned char* found = nullptr;
  int outcome = SSL_select_next_proto(&found, length, HTTP_1_1, sizeof HTTP_1_1, offered,
                                      offeredLength);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

class Loader {
 public:
  Loader(const Files& files, int64_t now) : files(files), now(now) {}

  ServerContext load() {
    result.context.reset(SSL_CTX_new(TLS_server_method()));
    setCommon(result.context.get());
    SSL_CTX_set_alpn_select_cb(result.context.get(), &chooseProtocol, nullptr);
    SSL_CTX_set_options(result.context.get(),
                        SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(result.context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(result.context.get(), 1);
    addCertificate();
    addKey();
    if (!files.clientCa.empty()) addClientCa();
    if (!result.faults.empty()) result.context.reset();
    return std::move(result);
  }

 private:
  const Files& files;
  int64_t now;
  ServerContext result;
  CertificatePtr own;

  void fault(Field field, std::string message, std::string hint = "") {
    result.faults.push_back({field, std::move(message), std::move(hint)});
  }

  std::vector<CertificatePtr> certificates(Field field, const std::string& path) {
    std::string problem;
    auto text = readPem(path, problem);
    if (!text) {
      fault(field, problem);
      return {};
    }
    auto list = certificatesIn(*text, problem);
    if (list.empty()) fault(field, path + " " + problem);
    return list;
  }

  void addCertificate() {
    auto chain = certificates(Field::certificate, files.certificate);
    if (chain.empty()) return;
    result.expires = expiryOf(chain[0].get());
    if (result.expires <= now) {
      fault(Field::certificate,
            "the certificate in " + files.certificate + " expired at " + timeText(result.expires),
            "have a new one issued");
    }
    if (beginOf(chain[0].get()) > now) {
      fault(Field::certificate,
            "the certificate in " + files.certificate + " is valid only from " +
                timeText(beginOf(chain[0].get())),
            "compare the clock of this machine");
    }
    if (X509_check_purpose(chain[0].get(), X509_PURPOSE_SSL_SERVER, 0) != 1) {
      fault(Field::certificate,
            "the first certificate in " + files.certificate + " is not meant for servers",
            "the server's own comes first, with the extended key usage serverAuth");
    }
    ERR_clear_error();
    bool taken = SSL_CTX_use_certificate(result.context.get(), chain[0].get()) == 1;
    for (size_t i = 1; taken && i < chain.size(); ++i) {
      taken = SSL_CTX_add1_chain_cert(result.context.get(), chain[i].get()) == 1;
    }
    if (!taken) {
      fault(Field::certificate,
            files.certificate + " is refused by OpenSSL: " + takeErrors("no reason given"));
    }
    own = std::move(chain[0]);
  }

  void addKey() {
    std::string problem;
    bool shared = false;
    auto text = readPem(files.key, problem, &shared);
    if (!text) return fault(Field::key, problem);
    if (shared) {
      fault(Field::key, "everybody on this machine may use the private key in " + files.key,
            "chmod o= " + files.key);
    }
    auto key = keyIn(*text, problem);
    OPENSSL_cleanse(text->data(), text->size());
    if (key == nullptr) return fault(Field::key, files.key + " " + problem);
    if (own == nullptr) return;   // reported already
    ERR_clear_error();
    if (X509_check_private_key(own.get(), key.get()) != 1) {
      ERR_clear_error();
      return fault(Field::key,
                   "the private key in " + files.key + " is not the one of the certificate in " +
                       files.certificate,
                   "the two must belong together");
    }
    if (SSL_CTX_use_PrivateKey(result.context.get(), key.get()) != 1) {
      fault(Field::key, files.key + " is refused by OpenSSL: " + takeErrors("no reason given"));
    }
  }

  // Each handshake verifies the client anew: a session that is taken up again would carry on with
  // what was verified hours ago.
  void addClientCa() {
    SSL_CTX* context = result.context.get();
    for (auto& authority : certificates(Field::clientCa, files.clientCa)) {
      if (expiryOf(authority.get()) <= now) {
        fault(Field::clientCa, "an authority in " + files.clientCa + " expired at " +
                                   timeText(expiryOf(authority.get())));
      }
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
      SSL_CTX_add_client_CA(context, authority.get());
    }
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;
    if (files.clientCertificateRequired) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, nullptr);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
};

}  // namespace

ServerContext loadServerContext(const Files& files, int64_t nowUnix) {
  return Loader(files, nowUnix).load();
}

std::vector<Fault> faultsIn(const Files& files, int64_t nowUnix) {
  return loadServerContext(files, nowUnix).faults;
}

}  // namespace maitred::tls
