#pragma once
// Incarnation: one run of an instance's code, in a worker or inline. The instance above it decides
// when one begins and ends; nothing here restarts anything. Loop thread only.

#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <maitred/schema/plugin.capnp.h>

#include <string>
#include <utility>
#include <vector>

namespace maitred::host {

class InstanceLog;
struct ProcessOptions;  // spawn.h

// What is started, and how.
struct Launch {
  std::string executable;  // of the worker; unused inline
  std::string library;     // absolute path of the .so
  std::string instance;
  std::string stateDirectory;  // exists
  std::string policyPath;      // colon separated
  std::string logLevel;
  std::vector<std::pair<std::string, int>>
      listeners;  // borrowed descriptors, duplicated where needed
};

// The loop's facilities; outlive every incarnation.
struct LoopIo {
  kj::LowLevelAsyncIoProvider& lowLevel;
  kj::AsyncIoProvider& provider;
  kj::UnixEventPort& events;
};

class Incarnation {
 public:
  virtual ~Incarnation() noexcept(false) = default;

  // The bare capability; the caller puts its membrane around it.
  virtual plugin::Plugin::Client plugin() = 0;
  // Resolves, once, when nothing of it runs any more, with how it ended ("exit code 0", "killed by
  // signal 9 (SIGKILL)"; inline: "dropped"). Its last log lines have been read by then. Call it
  // once.
  virtual kj::Promise<std::string> whenGone() = 0;
  // Ends it in an orderly way: its connection is closed, its capability dropped.
  virtual void hangUp() = 0;
  // A signal to the worker; inline the same as hangUp().
  virtual void signal(int number) = 0;
  virtual uint32_t pid() const = 0;     // 0 inline
  virtual uint64_t memory() const = 0;  // resident bytes now; 0 inline or gone
};

// The process of a worker: `rpc` is the worker's end, `output` becomes what it writes to.
ProcessOptions workerOptions(const Launch& launch, int rpc, int output);

// Starts a worker. Throws if the process cannot be made; a library that does not load is seen as an
// early end. The destructor kills and reaps what still runs.
kj::Own<Incarnation> startWorker(const Launch& launch, LoopIo io, InstanceLog& log);

// Loads the library into this process. Throws if it cannot be loaded or refuses.
kj::Own<Incarnation> openInline(const Launch& launch, LoopIo io, InstanceLog& log);

}  // namespace maitred::host
