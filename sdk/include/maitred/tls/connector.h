#pragma once
// The client's side: whom to trust, and who one is.

#include <maitred/tls/stream.h>

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace maitred::tls {

struct ConnectorFiles {
  // PEM with the authorities that are trusted, instead of the system's. Empty: the system's.
  std::string ca;
  // The client's own certificate and key, PEM; both or none.
  std::string certificate, key;
};

class Connector {
 public:
  // Reads the files at once; throws FAILED with a text that names the one which is not good.
  explicit Connector(const ConnectorFiles& files);
  Connector() : Connector(ConnectorFiles()) {}
  ~Connector() noexcept(false);
  KJ_DISALLOW_COPY(Connector);

  // The handshake, with the server's certificate verified against `host`: a name, or an IP address
  // without brackets, which must then stand in the certificate as one. Throws DISCONNECTED with the
  // reason. The connector may go before the promise and the stream do.
  kj::Promise<kj::Own<Stream>> connect(kj::Own<kj::AsyncIoStream> connection, std::string host);

 private:
  ssl_ctx_st* context;
};

}  // namespace maitred::tls
