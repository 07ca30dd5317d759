#pragma once
// Scorer: decides between users. Lower scores go first.
//
// For each job it gets what its owner would hold if everything of theirs up to and including that
// job ran, in the owner's own order, and the owner's shares. A script or the built-in formula
// stands behind it.

#include "types.h"

#include <span>

namespace maitred::cook {

struct JobSpec;

struct ScoreInput {
  double mem;  // MiB, accumulated
  double cpus;
  double gpus;
  double shareMem;
  double shareCpus;
  double shareGpus;
  double priority;
  double submittedMs;
  const JobSpec* job = nullptr;  // for scorers that look at more than the numbers
};

class Scorer {
 public:
  virtual ~Scorer() = default;

  // The score is a function of the input alone; the ranking remembers it until it is told to
  // rescore(). Writes as many scores as
  // there are inputs, none of them NaN. False: it failed (and has told so where people look); the
  // caller then starts again with another scorer, since scores of two do not compare.
  virtual bool score(std::span<const ScoreInput> inputs, std::span<double> scores) = 0;

  // What a waiting job is taken to score when room is to be made for it. `before`: the score of
  // the task in front of it, 0 if there is none; `job`: what it adds, with what waits in front of
  // it; `with`: what its owner would hold up to it.
  // Unless a scorer knows better it is the score of that.
  virtual bool scorePending(double before, const Usage& job, const ScoreInput& with,
                            double& score);
};

// Dominant resource usage: the larger of the user's memory and cpus, each as a part of the share.
class DominantResource final : public Scorer {
 public:
  bool score(std::span<const ScoreInput> inputs, std::span<double> scores) override;
  // As if the dominant resource of the tasks before and the job's own were one: never too little.
  bool scorePending(double before, const Usage& job, const ScoreInput& with,
                    double& score) override;
};

// Only gpus count.
class GpuUsage final : public Scorer {
 public:
  bool score(std::span<const ScoreInput> inputs, std::span<double> scores) override;
};

// What decides where no policy does: dominant resources, or gpus in a pool that counts them alone.
Scorer& builtInScorer(bool gpuMode);

}  // namespace maitred::cook
