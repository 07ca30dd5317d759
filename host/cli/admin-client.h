#pragma once
// A connection to a running host's admin socket, for commands that ask one thing and end.

#include "command.h"

#include <maitred/schema/admin.capnp.h>

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <string>

namespace maitred::host::cli {

// Adds --socket, --config and --timeout.
void addSocketOptions(po::options_description& options);
// --socket, or the one that the configuration names. Throws Failure if there is none.
std::string socketPath(const po::variables_map& values);

class AdminClient {
 public:
  // Connects; throws Failure, Exit::unavailable, with a sentence if nobody answers.
  explicit AdminClient(const po::variables_map& values);

  admin::Admin::Client admin() { return bootstrap; }

  // Waits for an answer, at most --timeout and `extraMs` more. Throws Failure: Exit::timeout if it
  // does not come, Exit::unavailable if the host ends meanwhile, Exit::failed with the host's own
  // words otherwise.
  template <typename T>
  capnp::Response<T> wait(capnp::RemotePromise<T>&& promise, uint64_t extraMs = 0) {
    auto limit = deadline(extraMs).then([]() -> capnp::Response<T> { KJ_UNREACHABLE; });
    kj::Maybe<capnp::Response<T>> result;
    run([&]() { result = promise.exclusiveJoin(kj::mv(limit)).wait(io.waitScope); });
    return kj::mv(KJ_ASSERT_NONNULL(result));
  }
  void wait(kj::Promise<void>&& promise, uint64_t extraMs = 0) {
    run([&]() { promise.exclusiveJoin(deadline(extraMs)).wait(io.waitScope); });
  }

 private:
  kj::Promise<void> deadline(uint64_t extraMs);
  void run(const std::function<void()>& work);

  kj::AsyncIoContext io;
  std::string path;
  uint64_t timeoutMs;
  kj::Own<kj::AsyncIoStream> stream;
  kj::Own<capnp::TwoPartyVatNetwork> network;
  kj::Own<capnp::RpcSystem<capnp::rpc::twoparty::VatId>> rpc;
  admin::Admin::Client bootstrap;
};

}  // namespace maitred::host::cli
