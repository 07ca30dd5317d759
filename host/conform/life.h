#pragma once
// Life: one life of the plugin, from its host's point of view, in the isolation of the trial.
//
// Whoever waits does so with await(), which tells the end of a worker from other failures.

#include "listening.h"
#include "providers.h"
#include "trial.h"

#include "host/runtime/incarnation.h"

#include <kj/debug.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace maitred::host {
class Revocable;
}

namespace maitred::host::conform {

class Body;        // the plugin's process, or its object in this one
class Transcript;  // what it wrote

struct HealthSeen {
  bool live = false, ready = false;
  std::string message;
  kj::Duration loopDelay = 0 * kj::SECONDS;  // as the plugin says
  kj::Duration took = 0 * kj::SECONDS;
};

class Life {
 public:
  // Its code runs from here on, with all its listeners bound; start() was not called yet.
  explicit Life(Trial& trial);
  ~Life() noexcept(false);
  KJ_DISALLOW_COPY(Life);

  Providers& providers() { return world; }
  const Listening& listening() const { return sockets; }
  plugin::Plugin::Client plugin();
  int pid() const;  // 0 inline

  // With the trial's config, or another one.
  kj::Promise<void> starting();
  kj::Promise<void> starting(capnp::AnyPointer::Reader config);
  kj::Promise<void> activating();
  kj::Promise<HealthSeen> asking();
  kj::Promise<void> draining(kj::Duration deadline);

  // Waits with the trial's patience, or `limit`. Throws Failed with the way in which the worker
  // ended, if it did; otherwise what the promise throws.
  template <typename T>
  T await(kj::Promise<T>&& promise) {
    kj::Maybe<T> result;
    auto kept = promise.then([&result](T&& value) { result = kj::mv(value); });
    await(kj::Promise<void>(kj::mv(kept)), trial.patience());
    return kj::mv(KJ_ASSERT_NONNULL(result));
  }
  void await(kj::Promise<void>&& promise, kj::Duration limit);
  void await(kj::Promise<void>&& promise) { await(kj::mv(promise), trial.patience()); }

  void start();         // starting() and activating()
  HealthSeen health();  // fails if it throws, is not live, or is not ready without a reason
  void untilReady();    // fails with its last message if the patience ends first
  // What it provides, as start() returned it; nothing if it does not.
  kj::Maybe<capnp::Capability::Client> provided(uint64_t interfaceId);
  const std::vector<uint64_t>& interfaces() const { return ids; }

  // Its host hangs up: connection closed, capabilities revoked and dropped.
  void hangUp();
  void finishSending();  // process only: nothing more comes from the host, which still listens
  // Waits until nothing of it runs any more. Fails if that does not come to pass by itself, if a
  // signal ended it, or if it still holds what it was granted.
  void untilGone();
  // The orderly end: drain, hang-up, until it is gone; fails for an exit code other than 0.
  void stop();

 private:
  void letGo();
  void lost(const kj::Exception& why);
  std::string lastWords() const;

  Trial& trial;
  Providers world;
  Listening sockets;
  std::unique_ptr<Transcript> words;
  kj::Own<Body> body;
  kj::Maybe<plugin::Plugin::Client> client;
  std::map<uint64_t, capnp::Capability::Client> capabilities;
  std::vector<uint64_t> ids;
  kj::Own<Revocable> membrane;
  std::string ended;  // how; empty while it lives
  kj::ForkedPromise<void> watching = nullptr;
};

}  // namespace maitred::host::conform
