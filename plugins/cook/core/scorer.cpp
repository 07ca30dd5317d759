#include "scorer.h"

#include <algorithm>

namespace maitred::cook {

bool Scorer::scorePending(double, const Usage&, const ScoreInput& with, double& result) {
  return score({&with, 1}, {&result, 1});
}

// Shares may be the largest double, so that quotients are subnormal and still must order the users;
// never build this with flush-to-zero or -ffast-math.
bool DominantResource::score(std::span<const ScoreInput> inputs, std::span<double> scores) {
  std::transform(inputs.begin(), inputs.end(), scores.begin(), [](const ScoreInput& in) {
    return std::max(in.mem / in.shareMem, in.cpus / in.shareCpus);
  });
  return true;
}

bool DominantResource::scorePending(double before, const Usage& job, const ScoreInput& with,
                                    double& result) {
  result = std::max(before + job.mem / with.shareMem, before + job.cpus / with.shareCpus);
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
