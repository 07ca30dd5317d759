#pragma once
// What one policy may use. Counted, not timed: the same call on the same inputs always passes or
// always fails, on any machine; the time limit is only the second net.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace maitred::lua {

struct Limits {
  // Instructions of the Lua machine per call, 1,000..10^12. Library functions are charged by the
  // work that they do, and allocation one instruction per 64 bytes. A million takes 5 to 10 ms.
  std::int64_t instructions = 1'000'000;

  // The same for loading: the file's own statements, its modules and the trial calls together.
  std::int64_t loadInstructions = 10'000'000;

  // Bytes that the policy may hold, its code and the engine's own tables (about 40 kB) included. At
  // least 256 KiB.
  std::size_t memory = 32u << 20;

  // CPU time of the thread in one call; zero switches it off. Only calls that run for more than
  // some hundred instructions are timed at all.
  std::chrono::milliseconds cpu{500};

  // Instructions between two looks at the limits. 1 counts exactly (slow; the command line uses
  // it).
  int step = 100;
};

// Fixed bounds that no policy needs to exceed.
constexpr std::size_t maxSourceBytes = 256u << 10;  // a file, or a module
constexpr std::size_t maxStringBytes = 256u << 10;  // one string inside Lua
constexpr int maxUnpacked = 250;                    // values from table.unpack or string.byte
constexpr int maxModules = 64;                      // files that one policy may require

}  // namespace maitred::lua
