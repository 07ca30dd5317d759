#pragma once
// What plugin and spawner say to each other over their socket. Both are the same program, so plain
// structs do.

#include <cstdint>

namespace maitred::local {

struct SpawnerOrder {
  enum Kind : uint32_t { launch = 1, signal = 2 };
  uint32_t kind;
  uint32_t bytes;  // of the Launch message that follows (kind launch)
  uint64_t token;  // chosen by the plugin, unique for one spawner
  int32_t number;  // kind signal: this signal with its value, to the shim of that token
  int32_t value;
};

struct SpawnerReport {
  enum Kind : uint32_t {
    failed = 1,  // value: errno of fork()
    gone = 2,    // value: its exit code, or 128 + signal
  };
  uint32_t kind;
  int32_t value;
  uint64_t token;
};

// The spawner's life: returns never. Takes over the calling process, which must have been forked
// for it. `starting` is a lock file that the shims inherit, see STARTING_FD.
[[noreturn]] void spawnerMain(int socket, int starting);

}  // namespace maitred::local
