#pragma once
// maitred::tls — TLS 1.2 and 1.3 over any KJ stream, for both sides: a thin layer of OpenSSL
// between the stream below and the one that it makes. Link `maitred_tls`; the HTTP server and
// client of maitred::http use it by themselves.
//
//   tls::Acceptor acceptor(timer, clock, {.certificate = "/etc/cert.pem", .key = "/etc/key.pem"});
//   auto stream = acceptor.accept(kj::mv(connection));
//   co_await stream->handshake();                  // give it a deadline
//   … an ordinary kj::AsyncIoStream …
//
//   tls::Connector connector;                      // trusts the system's authorities
//   auto stream = co_await connector.connect(kj::mv(connection), "queue.example.org");
//
// What is fixed: ephemeral key exchange and authenticated ciphers only, no compression, no
// renegotiation, ALPN `http/1.1`. A certificate is read again when its files change.

#include <maitred/tls/acceptor.h>
#include <maitred/tls/certificate.h>
#include <maitred/tls/connector.h>
#include <maitred/tls/stream.h>
