#pragma once
// The spawner: a small single-threaded process, forked from the plugin at its start, from which
// every shim is forked. Forking there is cheap (little memory to copy) and safe (no threads, no
// locks held).

#include "record.capnp.h"
#include "wire.h"

#include <capnp/message.h>
#include <kj/async-io.h>

#include <deque>

#include <sys/types.h>

namespace maitred::local {

class Spawner {
 public:
  class Observer {
   public:
    // fork() failed.
    virtual void shimFailed(uint64_t token, int error) = 0;
    // It was reaped. `code` 0: it has told us how its task ended. Otherwise look at the files.
    virtual void shimGone(uint64_t token, int code) = 0;
    // The spawner has died; its shims live on. Nothing can be started by this object any more.
    virtual void spawnerLost(kj::Exception reason) = 0;
  };

  // Forks at once. Call it on the loop thread, early. The observer outlives this object. `starting`
  // is the lock file which the shims inherit (control.h); it stays the caller's.
  Spawner(kj::LowLevelAsyncIoProvider& io, Observer& observer, int starting);
  ~Spawner() noexcept(false);
  KJ_DISALLOW_COPY(Spawner);

  // Answered by shimFailed or, in the end, shimGone with the message's token.
  void launch(capnp::MessageBuilder& launch);
  // To a shim of this spawner; nothing happens if it has ended.
  void signal(uint64_t token, int number, int value);

  pid_t processId() const { return pid; }

 private:
  void send(kj::Array<kj::byte> bytes);
  kj::Promise<void> pump();
  kj::Promise<void> readReports();
  void tell(const SpawnerReport& report);

  Observer& observer;
  pid_t pid = 0;
  kj::Own<kj::AsyncIoStream> stream;
  std::deque<kj::Array<kj::byte>> queue;
  bool pumping = false;
  kj::Promise<void> writing = kj::READY_NOW;
  kj::Promise<void> reading = kj::READY_NOW;
};

}  // namespace maitred::local
