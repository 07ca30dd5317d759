#pragma once
// Extensions: the plugins that have a say in what is submitted. What they say is applied here;
// whether it makes sense is checked as if a user had said it.

#include "extension-calls.h"
#include "job-message.h"
#include "limits.h"

#include <core/pools.h>
#include <extensions/job-shapes.h>
#include <extensions/pool-moves.h>
#include <extensions/submission-verdicts.h>

#include <maitred/async.h>

namespace maitred::cook {

// A pool that only clients know: a router tells for each job which one it is.
struct VirtualPool {
  std::string name;
  std::string router;    // an instance
  std::string fallback;  // the pool where the router does not say
  bool operator==(const VirtualPool&) const = default;
};

struct ExtensionSettings {
  std::int64_t submissionDeadlineMs = 40'000;  // of validators and shapes, for a whole submission
  bool acceptByDefault = true;                 // what a validator that says nothing has said
  std::int64_t changeDeadlineMs = 10'000;      // of each of those that change jobs
  bool unchangedByDefault = true;  // false: without a modifier's word the submission is refused
  std::vector<VirtualPool> virtualPools;
};

struct ExtensionProviders {
  std::vector<Provider<queue::SubmissionValidator>> validators;
  std::vector<Provider<queue::SubmissionModifier>> modifiers;
  std::vector<Provider<queue::JobRouter>> routers;
  std::vector<Provider<queue::JobAdjuster>> adjusters;
  std::vector<Provider<queue::PoolMover>> movers;
  std::vector<Provider<queue::JobShapes>> shapes;
  std::vector<Provider<queue::LaunchFilter>> launchFilters;
  std::vector<Provider<queue::CompletionHandler>> completionHandlers;
};

// A submission as far as it has come.
struct Examined {
  struct Fault {
    Uuid job;
    std::string text;  // for the user
  };
  std::vector<JobSpec> jobs;
  std::vector<Fault> faults;  // any: the submission is refused
};

class Extensions {
 public:
  Extensions(ExtensionCalls& calls, const kj::Clock& clock, ExtensionProviders providers);
  KJ_DISALLOW_COPY(Extensions);

  // Throws std::invalid_argument, with a sentence, if a virtual pool names a router that there is
  // not.
  void configure(ExtensionSettings settings);
  const ExtensionSettings& settings() const { return settings_; }
  const VirtualPool* virtualPool(const std::string& name) const;
  // The instances under a requirement, in their order; for /settings.
  std::vector<std::string> instances(const char* point) const;

  // Before the queue looks at the jobs: routers, then modifiers. `pool` of each job is the one that
  // it would be scheduled in, or a virtual one; afterwards it is whatever the last of them said.
  Async<Examined> amend(std::vector<JobSpec> jobs, Pools pools);
  // Once the queue finds nothing wrong with them: shapes and validators, and where these accept
  // adjusters and movers.
  Async<Examined> judge(std::vector<JobSpec> jobs, Pools pools, JobLimits limits);

 private:
  ExtensionCalls& calls;
  const kj::Clock& clock;
  ExtensionProviders providers;
  ExtensionSettings settings_;
  VerdictCache cache;

  // What a modifier or an adjuster wants of one job; neither: nothing.
  struct Change {
    std::optional<JobSpec> changed;
    std::optional<std::string> refused;
  };
  using Changes = std::vector<Change>;

  std::int64_t nowMs() const;
  template <typename Results>
  static Changes changesIn(const Results& results, const JobPointers& jobs);
  Async<void> route(std::vector<JobSpec>& jobs, const Pools& pools);
  Async<void> modify(Examined& examined);
  Async<void> checkShapes(Examined& examined);
  Async<void> validate(Examined& examined);
  Async<std::vector<SubmissionVerdict>> verdictsOf(Provider<queue::SubmissionValidator>& provider,
                                                   const std::vector<JobSpec>& jobs);
  Async<void> adjust(std::vector<JobSpec>& jobs, const Pools& pools, const JobLimits& limits);
  Async<void> move(std::vector<JobSpec>& jobs, const Pools& pools);
};

}  // namespace maitred::cook
