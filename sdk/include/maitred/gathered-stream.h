#pragma once
// A stream for RPC between processes on one machine: many small messages in few system calls.
//
// Cap'n Proto writes each message by a call of its own and reads it in two or three. Here what is
// written in one turn of the loop goes out together at its end, and what has arrived is read as far
// as it fits into 64 KiB. Large messages are neither copied nor delayed. A message that is alone
// costs no further call.

#include <kj/async-io.h>

namespace maitred {

// As the inner stream, but: a small write resolves once it was taken, and a fault of it is told by
// the next one; reading runs ahead of who reads. As with every stream of KJ's, one write at a time.
// Bytes taken but not yet written when it is destroyed are still offered to the system once.
kj::Own<kj::AsyncIoStream> gathered(kj::Own<kj::AsyncIoStream> inner);

}  // namespace maitred
