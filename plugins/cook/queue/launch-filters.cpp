#include "launch-filters.h"

#include "job-message.h"

#include <backend/translate.h>

namespace maitred::cook {
namespace {

// How long the default holds before a filter that does not answer is asked again.
constexpr std::int64_t DEFAULT_HOLDS_MS = 10'000;
constexpr std::int64_t HOLDS_LEAST_MS = 1'000;
constexpr std::int64_t HOLDS_MOST_MS = 7 * 86'400'000ll;
constexpr std::size_t SWEPT_AT_ONCE = 1000;

}  // namespace

LaunchFilters::LaunchFilters(ExtensionCalls& calls, const kj::Clock& clock,
                             std::vector<Provider<queue::LaunchFilter>> its)
    : calls(calls), clock(clock), providers(std::move(its)) {
  for (const auto& one : providers) calls.announce("launch_filters", one.instance);
}

void LaunchFilters::configure(const LaunchFilterSettings& value) {
  settings = value;
  verdicts.setAgeing(settings.ageing);
}

std::vector<std::string> LaunchFilters::instances() const {
  std::vector<std::string> names;
  for (const auto& one : providers) names.push_back(one.instance);
  return names;
}

std::function<Launch(const Job&)> LaunchFilters::forCycle(std::size_t most,
                                                          std::int64_t steadyMs) {
  if (providers.empty()) return nullptr;
  return [this, most, steadyMs, held = std::size_t{0}](const Job& job) mutable {
    const Uuid& id = job.spec.id;
    switch (verdicts.of(id, steadyMs)) {
      case LaunchVerdicts::State::accepted:
        return Launch::yes;
      case LaunchVerdicts::State::unknown:
        verdicts.ask(id, steadyMs);
        wanted.push_back(id);
        break;
      case LaunchVerdicts::State::deferred:
        met.push_back({id, verdicts.deferredUntil(id).value_or(steadyMs)});
        break;
      case LaunchVerdicts::State::asked:
        break;
    }
    return ++held >= most ? Launch::stop : Launch::no;
  };
}

kj::Promise<kj::Maybe<LaunchFilters::Answers>> LaunchFilters::ask(
    Provider<queue::LaunchFilter>& provider, const std::vector<const Job*>& jobs) {
  JobPointers specs;
  for (const Job* job : jobs) specs.push_back(&job->spec);
  std::int64_t now = (clock.now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
  std::size_t next = 0;  // parts are sent in order
  auto send = [&](const JobPointers& part) {
    auto request = provider.client.filterRequest();
    auto list = request.initJobs(static_cast<unsigned>(part.size()));
    for (unsigned i = 0; i < list.size(); ++i, ++next) {
      writeCandidate(*part[i], list[i].initCandidate());
      list[i].setSubmittedAt(jobs[next]->submittedMs);
      list[i].setDeferrals(verdicts.deferrals(jobs[next]->spec.id));
    }
    return request.send().then([now](auto&& response) {
      Answers answers;
      for (auto one : response.getVerdicts()) {
        Told told;
        told.holdMs = std::clamp(one.getExpiresAt() - now, HOLDS_LEAST_MS, HOLDS_MOST_MS);
        told.accepted = !one.isDeferred();
        if (one.isDeferred()) told.message = text(one.getDeferred());
        bool known = one.isDeferred() || one.isAccepted();
        answers.push_back(known ? std::optional<Told>(std::move(told)) : std::nullopt);
      }
      return answers;
    });
  };
  return calls.askAll<std::optional<Told>>("launch_filters", provider.instance,
                                           settings.deadlineMs, specs, send);
}

// All must accept. The first that does not says why; an acceptance holds as long as the shortest.
LaunchVerdicts::Answer LaunchFilters::answerOf(const std::vector<kj::Maybe<Answers>>& byProvider,
                                               std::size_t job, std::int64_t steadyMs) const {
  LaunchVerdicts::Answer all{true, "", "", steadyMs + HOLDS_MOST_MS};
  for (std::size_t i = 0; i < byProvider.size(); ++i) {
    Told told{settings.acceptByDefault, "the launch filter does not answer", DEFAULT_HOLDS_MS};
    KJ_IF_MAYBE (answers, byProvider[i]) {
      if ((*answers)[job]) told = *(*answers)[job];
    }
    std::int64_t until = steadyMs + told.holdMs;
    if (!told.accepted) return {false, providers[i].instance, std::move(told.message), until};
    all.untilMs = std::min(all.untilMs, until);
  }
  return all;
}

kj::Promise<std::vector<LaunchFilters::Deferred>> LaunchFilters::askWanted(
    const Book& book, std::function<std::int64_t()> steadyNow) {
  std::vector<Deferred> known = std::exchange(met, {});
  std::vector<const Job*> jobs;
  for (const Uuid& id : std::exchange(wanted, {})) {
    const Job* job = book.find(id);
    if (job != nullptr) {
      jobs.push_back(job);
    } else {
      verdicts.forget(id);
    }
  }
  if (jobs.empty()) return kj::mv(known);
  std::vector<Uuid> ids;
  for (const Job* job : jobs) ids.push_back(job->spec.id);
  auto asked = kj::heapArrayBuilder<kj::Promise<kj::Maybe<Answers>>>(providers.size());
  for (auto& provider : providers) asked.add(ask(provider, jobs));
  return kj::joinPromises(asked.finish())
      .then([this, ids = std::move(ids), known = std::move(known),
             steadyNow = std::move(steadyNow)](kj::Array<kj::Maybe<Answers>>&& all) mutable {
        std::vector<kj::Maybe<Answers>> byProvider;
        for (auto& one : all) byProvider.push_back(kj::mv(one));
        std::int64_t now = steadyNow();
        for (std::size_t i = 0; i < ids.size(); ++i) {
          LaunchVerdicts::Answer answer = answerOf(byProvider, i, now);
          if (!answer.accepted) known.push_back({ids[i], answer.untilMs});
          verdicts.take(ids[i], std::move(answer), now);
        }
        return std::move(known);
      });
}

void LaunchFilters::sweep(const Book& book, std::int64_t steadyMs) {
  auto waits = [&](const Uuid& id) {
    const Job* job = book.find(id);
    return job != nullptr && job->state == JobState::waiting;
  };
  verdicts.sweep(SWEPT_AT_ONCE, waits, steadyMs);
}

}  // namespace maitred::cook
