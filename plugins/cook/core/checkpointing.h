#pragma once
// Whether an instance of a job that checkpoints may do so.

#include "types.h"

namespace maitred::cook {

struct CheckpointSettings {
  bool disabled = false;
  std::int64_t attemptsMost = 0;   // failures after which it is given up for a job; 0 = never
  std::vector<std::string> pools;  // only in these; empty: in all
  bool operator==(const CheckpointSettings&) const = default;
};

// `number` is the instance's: only those before it are looked at, so that the answer stays. Counted
// are failures that the checkpoint may have caused.
bool mayCheckpoint(const CheckpointSettings& settings, const Job& job, int number);

}  // namespace maitred::cook
