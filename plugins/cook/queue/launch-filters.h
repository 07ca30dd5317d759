#pragma once
// LaunchFilters: the plugins that may hold back waiting jobs. A cycle asks nobody: it takes what
// has been said before, and what has not is asked about behind it, all jobs at once.

#include "extension-calls.h"

#include <core/book.h>
#include <core/pending-queue.h>
#include <extensions/launch-verdicts.h>

#include <maitred/schema/queue-extensions.capnp.h>

namespace maitred::cook {

struct LaunchFilterSettings {
  std::int64_t deadlineMs = 5'000;
  bool acceptByDefault = true;  // what a filter that says nothing has said
  LaunchVerdicts::Ageing ageing;
};

class LaunchFilters {
 public:
  LaunchFilters(ExtensionCalls& calls, const kj::Clock& clock,
                std::vector<Provider<queue::LaunchFilter>> providers);
  KJ_DISALLOW_COPY(LaunchFilters);

  void configure(const LaunchFilterSettings& value);
  std::vector<std::string> instances() const;

  // For one cycle, see QueueOptions::mayLaunch; null without filters. Once it has held back `most`
  // jobs it ends the walk. Times are ms of the clock that does not jump.
  std::function<Launch(const Job&)> forCycle(std::size_t most, std::int64_t steadyMs);

  // The jobs that cycles have met since and that nothing is known of.
  bool anyWanted() const { return !wanted.empty() || !met.empty(); }
  struct Deferred {
    Uuid job;
    std::int64_t untilMs;
  };
  // Asks about them. Resolves, in any case, with those that must not start before a time, the ones
  // among them that were met although they are deferred; the others may start.
  kj::Promise<std::vector<Deferred>> askWanted(const Book& book,
                                               std::function<std::int64_t()> steadyNow);

  // Why a job does not start; nothing: it is not for the filters.
  std::optional<LaunchVerdicts::Deferral> deferral(const Uuid& job) const {
    return verdicts.deferral(job);
  }
  // A part of what is kept is looked through; see LaunchVerdicts::sweep().
  void sweep(const Book& book, std::int64_t steadyMs);

 private:
  struct Told {
    bool accepted = true;
    std::string message;
    std::int64_t holdMs = 0;
  };
  using Answers = std::vector<std::optional<Told>>;  // nothing: unspecified

  ExtensionCalls& calls;
  const kj::Clock& clock;
  std::vector<Provider<queue::LaunchFilter>> providers;
  LaunchFilterSettings settings;
  LaunchVerdicts verdicts;
  std::vector<Uuid> wanted;
  std::vector<Deferred> met;  // deferred jobs that came back into the queue before their time

  kj::Promise<kj::Maybe<Answers>> ask(Provider<queue::LaunchFilter>& provider,
                                      const std::vector<const Job*>& jobs);
  LaunchVerdicts::Answer answerOf(const std::vector<kj::Maybe<Answers>>& byProvider,
                                  std::size_t job, std::int64_t steadyMs) const;
};

}  // namespace maitred::cook
