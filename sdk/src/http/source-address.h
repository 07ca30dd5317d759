#pragma once
#include <maitred/http/request.h>

#include <kj/async-io.h>

namespace maitred::http {

// The other end of a connection; Kind::unknown for what is no socket.
RemoteAddress remoteOf(kj::AsyncIoStream& stream);

}  // namespace maitred::http
