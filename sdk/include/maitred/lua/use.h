#pragma once
// What a call of a policy used, beside what it may.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace maitred::lua {

struct CallUse {
  std::int64_t instructions = 0, instructionLimit = 1;
  std::chrono::nanoseconds cpu{}, cpuLimit{};  // a limit of zero: there is none
  std::size_t memory = 0, memoryLimit = 1;     // bytes

  // "14 of 1,000,000 instructions, 0.002 of 500 ms, 41 of 32,768 KiB"; from a tenth of a limit on
  // with the part of it in per cent.
  std::string text() const;
};

// "14 of 1,000 instructions"
std::string useOfCount(std::int64_t used, std::int64_t limit, const char* unit);

}  // namespace maitred::lua
