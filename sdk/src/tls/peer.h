#pragma once
// What the other side's certificate says.

#include "openssl.h"

#include <maitred/tls/certificate.h>

#include <memory>

namespace maitred::tls {

// Of a connection whose handshake is done; null if the peer showed none, or one that was not
// verified.
std::shared_ptr<const PeerCertificate> peerOf(SSL* ssl);

}  // namespace maitred::tls
