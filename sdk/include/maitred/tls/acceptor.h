#pragma once
// The server's side: a certificate that is kept fresh, and the connections made with it.

#include <maitred/tls/stream.h>

#include <kj/function.h>
#include <kj/timer.h>

#include <memory>
#include <string>

namespace maitred::tls {

class Acceptor {
 public:
  // What the log should know, one line each.
  struct Hooks {
    kj::Function<void(kj::StringPtr)> info = [](kj::StringPtr) {};
    kj::Function<void(kj::StringPtr)> warning = [](kj::StringPtr) {};
  };

  // Reads the files at once (some tenths of a millisecond), and throws FAILED with all that is
  // wrong with them. From then on looks at them each second, off the loop, and takes what is new;
  // connections that are there already stay as they are. Files that are not good are reported
  // once, and the former ones stay in use. Loop thread only; timer and clock must outlive it.
  Acceptor(kj::Timer& timer, const kj::Clock& clock, Files files, Hooks hooks);
  Acceptor(kj::Timer& timer, const kj::Clock& clock, Files files)
      : Acceptor(timer, clock, kj::mv(files), Hooks()) {}
  ~Acceptor() noexcept(false);
  KJ_DISALLOW_COPY(Acceptor);

  // The handshake is still to be done. The stream may outlive the acceptor.
  kj::Own<Stream> accept(kj::Own<kj::AsyncIoStream> connection);

  // Reads the files now, changed or not. Resolves when that is in force; fails if *this goes first.
  kj::Promise<void> reload();

  const Files& files() const;
  // When the certificate in use expires, in seconds since 1970.
  int64_t expires() const;
  // The certificate in use has expired.
  bool expired() const;
  // What is wrong, for health messages: files that cannot be used, an expired certificate. Empty
  // if nothing is.
  std::string trouble() const;

 private:
  class Impl;
  kj::Own<Impl> impl;
};

}  // namespace maitred::tls
