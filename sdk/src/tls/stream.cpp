#include <maitred/tls/stream.h>

#include "openssl.h"
#include "peer.h"

#include <maitred/async.h>

#include <kj/debug.h>

#include <openssl/err.h>

#include <algorithm>
#include <cstring>

namespace maitred::tls {

namespace {

// Four full records with what the layer adds to each: so many go into one write below.
constexpr size_t outgoingBytes = 4 * (16384 + 256);
constexpr size_t incomingBytes = 32 << 10;
// Pieces that fit into one record go into one.
constexpr size_t recordBytes = 16384;

constexpr auto DISCONNECTED = kj::Exception::Type::DISCONNECTED;

}  // namespace

// OpenSSL works on one half of a pair of BIOs; the other half is carried to and from the stream
// below. What is on its way there goes on when whoever waits for it is dropped: half a record can
// neither be taken back nor sent twice.
class Stream::Impl {
 public:
  Impl(kj::Own<kj::AsyncIoStream> given, SSL* owned) : below(kj::mv(given)), ssl(owned) {
    BIO* inside = nullptr;
    BIO* outside = nullptr;
    KJ_ASSERT(BIO_new_bio_pair(&inside, outgoingBytes, &outside, incomingBytes) == 1,
              takeErrors("no memory").c_str());
    network.reset(outside);
    SSL_set_bio(ssl.get(), inside, inside);
  }

  kj::Own<kj::AsyncIoStream> below;
  SslPtr ssl;
  std::shared_ptr<const PeerCertificate> certificate;

  Async<void> handshake() {
    while (true) {
      ERR_clear_error();
      int result = SSL_do_handshake(ssl.get());
      if (result == 1) break;
      int why = SSL_get_error(ssl.get(), result);
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        std::string text = handshakeFault();
        send();   // the alert, which tells the peer why
        fail(DISCONNECTED, "the TLS handshake failed: " + text);
      }
      co_await proceed(why);
    }
    send();
    certificate = peerOf(ssl.get());
  }

  Async<size_t> read(kj::byte* buffer, size_t least, size_t most) {
    size_t done = 0;
    while (done < most) {
      size_t got = 0;
      ERR_clear_error();
      int result = SSL_read_ex(ssl.get(), buffer + done, most - done, &got);
      if (result == 1) {
        done += got;
        continue;
      }
      int why = SSL_get_error(ssl.get(), result);
      if (why == SSL_ERROR_ZERO_RETURN) break;
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        std::string text = takeErrors("the connection is unusable");
        send();
        fail(DISCONNECTED, "the peer broke the TLS protocol: " + text);
      }
      if (done >= least) break;
      co_await proceed(why);
    }
    send();   // answers of the protocol's own
    co_return done;
  }

  Async<void> write(const kj::byte* data, size_t size) {
    while (size > 0) {
      size_t taken = 0;
      ERR_clear_error();
      int result = SSL_write_ex(ssl.get(), data, size, &taken);
      if (result == 1) {
        data += taken;
        size -= taken;
        continue;
      }
      if (SSL_get_error(ssl.get(), result) != SSL_ERROR_WANT_WRITE) {
        fail(DISCONNECTED, "TLS cannot send: " + takeErrors("the connection is unusable"));
      }
      co_await flush();
    }
    co_await flush();
  }

  Async<void> writePieces(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
    size_t total = 0;
    for (auto piece : pieces) total += piece.size();
    if (total <= recordBytes) {
      auto together = kj::heapArray<kj::byte>(total);
      kj::byte* end = together.begin();
      for (auto piece : pieces) end = std::copy(piece.begin(), piece.end(), end);
      co_await write(together.begin(), total);
      co_return;
    }
    for (auto piece : pieces) co_await write(piece.begin(), piece.size());
  }

  void sayGoodbye() {
    if (leaving) return;
    leaving = true;
    goodbye = leave().promise().fork();
  }
  kj::Promise<void> goodbyeSent() {
    return leaving ? goodbye.addBranch() : kj::Promise<void>(kj::READY_NOW);
  }

 private:
  BioPtr network;
  bool ended = false;      // the stream below has no more for us
  bool sending = false;
  bool receiving = false;
  bool leaving = false;
  kj::Maybe<kj::Exception> sendFault, receiveFault;
  // Last, so that they are gone before what they use.
  kj::ForkedPromise<void> sent = kj::Promise<void>(kj::READY_NOW).fork();
  kj::ForkedPromise<void> received = kj::Promise<void>(kj::READY_NOW).fork();
  kj::ForkedPromise<void> goodbye = kj::Promise<void>(kj::READY_NOW).fork();

  // What OpenSSL waits for. What it has to say is sent meanwhile and not waited for: both sides
  // would wait for each other to read.
  kj::Promise<void> proceed(int why) {
    if (why == SSL_ERROR_WANT_WRITE) return flush();
    send();
    KJ_IF_MAYBE (fault, receiveFault) return kj::cp(*fault);
    if (ended) {
      return KJ_EXCEPTION(DISCONNECTED, "the connection was cut without a TLS goodbye");
    }
    return receive();
  }

  // Begins to carry what OpenSSL has written, if nothing is on its way yet.
  void send() {
    if (sending || sendFault != nullptr || BIO_ctrl_pending(network.get()) == 0) return;
    sending = true;
    sent = carryOut()
               .catch_([this](kj::Exception&& fault) {
                 sending = false;
                 sendFault = kj::mv(fault);
               })
               .fork();
  }
  kj::Promise<void> carryOut() {
    char* bytes = nullptr;
    int size = BIO_nread0(network.get(), &bytes);
    if (size <= 0) {
      // Here and not a turn of the loop later: what OpenSSL writes in between would be believed to
      // be on its way, and stay.
      sending = false;
      return kj::READY_NOW;
    }
    return below->write(bytes, static_cast<size_t>(size)).then([this, size]() {
      char* taken = nullptr;
      BIO_nread(network.get(), &taken, size);
      return carryOut();
    });
  }
  // Resolves when everything has been taken.
  kj::Promise<void> flush() {
    send();
    KJ_IF_MAYBE (fault, sendFault) return kj::cp(*fault);
    if (!sending) return kj::READY_NOW;
    return sent.addBranch().then([this]() { return flush(); });
  }

  // Only called when OpenSSL has used up what came before, so that the buffer is empty and stays
  // in its place.
  kj::Promise<void> receive() {
    if (receiving) return received.addBranch();
    receiving = true;
    char* space = nullptr;
    int size = BIO_nwrite0(network.get(), &space);
    KJ_ASSERT(size > 0, "OpenSSL waits for more than it has room for");
    received = below->tryRead(space, 1, static_cast<size_t>(size))
                   .then(
                       [this](size_t got) {
                         receiving = false;
                         ended = got == 0;
                         char* filled = nullptr;
                         if (got > 0) BIO_nwrite(network.get(), &filled, static_cast<int>(got));
                       },
                       [this](kj::Exception&& fault) {
                         receiving = false;
                         receiveFault = kj::mv(fault);
                       })
                   .fork();
    return received.addBranch();
  }

  std::string handshakeFault() {
    std::string text = takeErrors("the peer hung up");
    long verdict = SSL_get_verify_result(ssl.get());
    if (verdict != X509_V_OK) {
      text += std::string(": ") + X509_verify_cert_error_string(verdict);
    }
    return text;
  }

  Async<void> leave() {
    if (SSL_is_init_finished(ssl.get()) == 1) {
      ERR_clear_error();
      while (SSL_shutdown(ssl.get()) < 0 && BIO_ctrl_pending(network.get()) > 0) {
        co_await flush();
      }
      ERR_clear_error();
    }
    co_await flush();
    below->shutdownWrite();
  }
};

Stream::Stream(kj::Own<kj::AsyncIoStream> below, ssl_st* ssl)
    : impl(kj::heap<Impl>(kj::mv(below), ssl)) {}
Stream::~Stream() noexcept(false) = default;

kj::Promise<void> Stream::handshake() { return impl->handshake(); }

std::shared_ptr<const PeerCertificate> Stream::peerCertificate() const { return impl->certificate; }
std::string Stream::protocol() const { return SSL_get_version(impl->ssl.get()); }
std::string Stream::cipher() const { return SSL_get_cipher_name(impl->ssl.get()); }
std::string Stream::application() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(impl->ssl.get(), &name, &length);
  return std::string(reinterpret_cast<const char*>(name), length);
}

void Stream::shutdownWrite() { impl->sayGoodbye(); }
kj::Promise<void> Stream::goodbyeSent() { return impl->goodbyeSent(); }

kj::Promise<size_t> Stream::tryRead(void* buffer, size_t minBytes, size_t maxBytes) {
  return impl->read(static_cast<kj::byte*>(buffer), minBytes, maxBytes);
}
kj::Promise<void> Stream::write(const void* buffer, size_t size) {
  return impl->write(static_cast<const kj::byte*>(buffer), size);
}
kj::Promise<void> Stream::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  return impl->writePieces(pieces);
}
kj::Promise<void> Stream::whenWriteDisconnected() { return impl->below->whenWriteDisconnected(); }
void Stream::abortRead() { impl->below->abortRead(); }
void Stream::getsockopt(int level, int option, void* value, kj::uint* length) {
  impl->below->getsockopt(level, option, value, length);
}
void Stream::setsockopt(int level, int option, const void* value, kj::uint length) {
  impl->below->setsockopt(level, option, value, length);
}
void Stream::getsockname(sockaddr* address, kj::uint* length) {
  impl->below->getsockname(address, length);
}
void Stream::getpeername(sockaddr* address, kj::uint* length) {
  impl->below->getpeername(address, length);
}

}  // namespace maitred::tls
