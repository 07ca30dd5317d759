#pragma once
// A TLS connection as a kj::AsyncIoStream.

#include <maitred/tls/certificate.h>

#include <kj/async-io.h>

#include <memory>
#include <string>

struct ssl_st;

namespace maitred::tls {

// Made by an Acceptor or a Connector. Loop thread only; one read and one write at a time, as with
// every KJ stream. A write resolves when the stream below has taken all of it. The end of what
// comes is an end only if the peer said so (close_notify): a connection that is cut fails the
// read with DISCONNECTED. Whatever OpenSSL refuses fails with DISCONNECTED too: it is the peer's
// fault, and the connection is over.
class Stream final : public kj::AsyncIoStream {
 public:
  // Takes the reference to `ssl`, which has no BIOs yet. For Acceptor and Connector.
  Stream(kj::Own<kj::AsyncIoStream> below, ssl_st* ssl);
  ~Stream() noexcept(false);
  KJ_DISALLOW_COPY(Stream);

  // Once, before all else. Has no deadline of its own. Fails with DISCONNECTED and the reason; an
  // alert is on its way to the peer then.
  kj::Promise<void> handshake();

  // After the handshake:
  // The client's certificate, verified; null if it showed none.
  std::shared_ptr<const PeerCertificate> peerCertificate() const;
  std::string protocol() const;   // "TLSv1.3"
  std::string cipher() const;     // "TLS_AES_256_GCM_SHA384"
  std::string application() const;  // by ALPN, "http/1.1"; empty if the client did not ask

  // Says goodbye (close_notify) after all that was written, then ends the sending side below.
  void shutdownWrite() override;
  // Resolves when that goodbye has been sent; at once if shutdownWrite() was not called.
  kj::Promise<void> goodbyeSent();

  kj::Promise<size_t> tryRead(void* buffer, size_t minBytes, size_t maxBytes) override;
  kj::Promise<void> write(const void* buffer, size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override;
  void abortRead() override;
  void getsockopt(int level, int option, void* value, kj::uint* length) override;
  void setsockopt(int level, int option, const void* value, kj::uint length) override;
  void getsockname(sockaddr* address, kj::uint* length) override;
  void getpeername(sockaddr* address, kj::uint* length) override;

 private:
  class Impl;
  kj::Own<Impl> impl;
};

}  // namespace maitred::tls
