#include "scorer.h"

#include <algorithm>

namespace maitred::cook {

// Shares may be the largest double, so that quotients are subnormal and still must order the users;
// never build this with flush-to-zero or -ffast-math.
bool DominantResource::score(std::span<const ScoreInput> inputs, std::span<double> scores) {
  std::transform(inputs.begin(), inputs.end(), scores.begin(), [](const ScoreInput& in) {
    return std::max(in.mem / in.shareMem, in.cpus / in.shareCpus);
  });
  return true;
}

bool GpuUsage::score(std::span<const ScoreInput> inputs, std::span<double> scores) {
  std::transform(inputs.begin(), inputs.end(), scores.begin(),
                 [](const ScoreInput& in) { return in.gpus / in.shareGpus; });
  return true;
}

Scorer& builtInScorer(bool gpuMode) {
  static DominantResource resources;
  static GpuUsage gpus;
  if (gpuMode) return gpus;
  return resources;
}

}  // namespace maitred::cook
