#pragma once
#include "exchange.h"
#include "fair-input.h"
#include "output.h"
#include "shared.h"

#include <maitred/async.h>

#include <kj/async-io.h>

namespace maitred::http {

// One client's connection: requests one after the other, until either side closes it.
class Connection {
 public:
  // `secured`: the same stream, if it is one of TLS whose handshake is still to be done.
  Connection(Shared& shared, kj::Own<kj::AsyncIoStream> stream, RemoteAddress remote,
             kj::Maybe<tls::Stream&> secured);
  ~Connection() noexcept(false);
  KJ_DISALLOW_COPY(Connection);

  // Resolves when the connection is finished; never fails. Dropping it cuts the connection.
  kj::Promise<void> run();
  // Answers whatever comes with this error, and closes. For connections beyond the caps.
  kj::Promise<void> refuse(unsigned status, std::string_view message);
  // Closes now if no request is being read or answered.
  void drain();

 private:
  struct HeadRead {
    // 0 without an error: the client is gone, or has been idle too long
    size_t size = 0;
    std::optional<WireError> refused;
  };
  Async<void> serve();
  // The TLS handshake, if there is to be one. False: the connection is over.
  Async<bool> secure();
  void noteFailedHandshake(std::string_view problem);
  // What follows a response: the next request, the end, or the end once the
  // client has had time to read why.
  enum class Next { request, close, linger };
  Async<Next> serveOne();
  Async<HeadRead> readHead();
  Async<HeadRead> readRestOfHead(HeadScanner& scanner);
  Async<Response> produce(Exchange& exchange);
  Async<kj::Maybe<Response>> authenticate(Exchange& exchange);
  Async<kj::Maybe<Response>> takeBody(Exchange& exchange, size_t maxBody);
  Async<void> send(Exchange& exchange, Response response, bool keepAlive);
  Async<void> sendStream(Exchange& exchange, Response& response, const Envelope& envelope);
  Async<void> discardRest();

  Shared& shared;
  kj::Own<kj::AsyncIoStream> stream;
  kj::Maybe<tls::Stream&> secured;
  RemoteAddress remote;
  FairInput fair;                       // what is read of the stream
  InputBuffer input;
  Output output;
  bool counted = false;                 // in the total and in its address' share
  kj::Canceler idle;                    // wraps the wait for the next request
};

}  // namespace maitred::http
