#include "extensions.h"

#include <backend/translate.h>

#include <algorithm>
#include <stdexcept>

namespace maitred::cook {
namespace {

constexpr std::int64_t AMENDED_PRIORITY_MOST = 16'000'000;

JobPointers pointersTo(const std::vector<JobSpec>& jobs) {
  JobPointers pointers;
  pointers.reserve(jobs.size());
  for (const JobSpec& job : jobs) pointers.push_back(&job);
  return pointers;
}

template <typename Request>
void putJobs(const JobPointers& jobs, Request& request) {
  auto list = request.initJobs(static_cast<unsigned>(jobs.size()));
  for (unsigned i = 0; i < list.size(); ++i) writeCandidate(*jobs[i], list[i]);
}

bool takesJobs(const Pools& pools, const std::string& name) {
  const Pool* pool = pools.find(name);
  return pool != nullptr && pool->active;
}

template <typename Each>
void announceAll(ExtensionCalls& calls, const char* point, const Each& providers) {
  for (const auto& one : providers) calls.announce(point, one.instance);
}

template <typename Each>
std::vector<std::string> namesOf(const Each& providers) {
  std::vector<std::string> names;
  for (const auto& one : providers) names.push_back(one.instance);
  return names;
}

}  // namespace

Extensions::Extensions(ExtensionCalls& calls, const kj::Clock& clock, ExtensionProviders its)
    : calls(calls), clock(clock), providers(std::move(its)) {
  announceAll(calls, "submission_validators", providers.validators);
  announceAll(calls, "submission_modifiers", providers.modifiers);
  announceAll(calls, "job_routers", providers.routers);
  announceAll(calls, "job_adjusters", providers.adjusters);
  announceAll(calls, "pool_movers", providers.movers);
  announceAll(calls, "job_shapes", providers.shapes);
}

void Extensions::configure(ExtensionSettings settings) {
  for (const VirtualPool& one : settings.virtualPools) {
    auto routers = namesOf(providers.routers);
    if (std::find(routers.begin(), routers.end(), one.router) != routers.end()) continue;
    throw std::invalid_argument("virtual pool " + one.name + " is routed by " + one.router +
                                ", which is not under `uses: { job_routers: … }` of the queue");
  }
  settings_ = std::move(settings);
  cache.clear();
}

const VirtualPool* Extensions::virtualPool(const std::string& name) const {
  for (const VirtualPool& one : settings_.virtualPools) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

std::vector<std::string> Extensions::instances(const char* point) const {
  std::string_view wanted = point;
  if (wanted == "submission_validators") return namesOf(providers.validators);
  if (wanted == "submission_modifiers") return namesOf(providers.modifiers);
  if (wanted == "job_routers") return namesOf(providers.routers);
  if (wanted == "job_adjusters") return namesOf(providers.adjusters);
  if (wanted == "pool_movers") return namesOf(providers.movers);
  if (wanted == "job_shapes") return namesOf(providers.shapes);
  return {};
}

std::int64_t Extensions::nowMs() const {
  return (clock.now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
}

template <typename Results>
Extensions::Changes Extensions::changesIn(const Results& results, const JobPointers& jobs) {
  Changes changes;
  auto told = results.getChanges();
  for (unsigned i = 0; i < told.size(); ++i) {
    Change change;
    if (told[i].isRefused()) change.refused = text(told[i].getRefused());
    if (told[i].isChanged() && i < jobs.size()) {
      change.changed = amended(*jobs[i], told[i].getChanged());
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

// Each virtual pool's jobs are asked about together.
Async<void> Extensions::route(std::vector<JobSpec>& jobs, const Pools& pools) {
  for (const VirtualPool& one : std::vector<VirtualPool>(settings_.virtualPools)) {
    std::vector<JobSpec*> its;
    for (JobSpec& job : jobs) {
      if (job.pool == one.name) its.push_back(&job);
    }
    auto router = std::find_if(providers.routers.begin(), providers.routers.end(),
                               [&](const auto& each) { return each.instance == one.router; });
    if (its.empty() || router == providers.routers.end()) continue;
    auto send = [&](const JobPointers& part) {
      auto request = router->client.routeRequest();
      request.setPool(one.name);
      putJobs(part, request);
      return request.send().then([](auto&& response) {
        std::vector<std::string> names;
        for (auto name : response.getPools()) names.push_back(text(name));
        return names;
      });
    };
    auto asked = calls.askAll<std::string>("job_routers", one.router, settings_.changeDeadlineMs,
                                           JobPointers(its.begin(), its.end()), send);
    auto answer = co_await asked;
    for (std::size_t i = 0; i < its.size(); ++i) {
      its[i]->pool = one.fallback;
      KJ_IF_MAYBE (names, answer) {
        if (takesJobs(pools, (*names)[i])) its[i]->pool = (*names)[i];
      }
    }
  }
}

Async<void> Extensions::modify(Examined& examined) {
  std::vector<JobSpec>& jobs = examined.jobs;
  for (auto& provider : providers.modifiers) {
    auto send = [&provider](const JobPointers& part) {
      auto request = provider.client.modifyRequest();
      putJobs(part, request);
      return request.send().then(
          [part](auto&& response) { return changesIn(response, part); });
    };
    auto asked = calls.askAll<Change>("submission_modifiers", provider.instance,
                                      settings_.changeDeadlineMs, pointersTo(jobs), send);
    auto answer = co_await asked;
    KJ_IF_MAYBE (changes, answer) {
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        Change& change = (*changes)[i];
        if (change.refused) examined.faults.push_back({jobs[i].id, *change.refused});
        if (!change.changed) continue;
        jobs[i] = std::move(*change.changed);
        if (jobs[i].priority > AMENDED_PRIORITY_MOST) {
          examined.faults.push_back({jobs[i].id, provider.instance + " wants job " +
                                                     jobs[i].id.text() +
                                                     " to have a priority above 16000000"});
        }
      }
    } else if (!settings_.unchangedByDefault) {
      const char* why = ", which has a say in every job, does not answer: try again later";
      for (const JobSpec& job : jobs) examined.faults.push_back({job.id, provider.instance + why});
    }
    if (!examined.faults.empty()) co_return;
  }
}

Async<Examined> Extensions::amend(std::vector<JobSpec> jobs, Pools pools) {
  Examined examined{std::move(jobs), {}};
  auto routed = route(examined.jobs, pools);
  co_await routed;
  auto modified = modify(examined);
  co_await modified;
  co_return std::move(examined);
}

// In place of a change that goes too far the job stays as it is: it was accepted.
Async<void> Extensions::adjust(std::vector<JobSpec>& jobs, const Pools& pools,
                               const JobLimits& limits) {
  for (auto& provider : providers.adjusters) {
    auto send = [&provider](const JobPointers& part) {
      auto request = provider.client.adjustRequest();
      putJobs(part, request);
      return request.send().then(
          [part](auto&& response) { return changesIn(response, part); });
    };
    auto asked = calls.askAll<Change>("job_adjusters", provider.instance,
                                      settings_.changeDeadlineMs, pointersTo(jobs), send);
    auto answer = co_await asked;
    KJ_IF_MAYBE (changes, answer) {
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        Change& change = (*changes)[i];
        std::optional<std::string> fault = change.refused;
        if (change.changed) {
          fault = faultIn(*change.changed, limits);
          if (change.changed->priority > AMENDED_PRIORITY_MOST) fault = "priority above 16000000";
          if (!takesJobs(pools, change.changed->pool)) fault = "not a pool that takes jobs";
        }
        if (fault) {
          calls.note(provider.instance + " does not adjust job " + jobs[i].id.text() + ": " +
                     *fault);
        } else if (change.changed) {
          jobs[i] = std::move(*change.changed);
        }
      }
    }
  }
}

// The first mover that has a word on an owner decides.
Async<void> Extensions::move(std::vector<JobSpec>& jobs, const Pools& pools) {
  constexpr std::size_t OWNERS_MOST = 500;
  std::map<std::pair<std::string, std::string>, PoolMove> wanted;  // by user and pool
  for (const JobSpec& job : jobs) wanted.try_emplace({job.user.str(), job.pool.str()});
  if (wanted.size() > OWNERS_MOST) co_return;  // no submission has so many
  for (auto& provider : providers.movers) {
    auto request = provider.client.movesRequest();
    auto owners = request.initOwners(static_cast<unsigned>(wanted.size()));
    unsigned at = 0;
    for (const auto& [owner, unused] : wanted) {
      owners[at].setUser(owner.first);
      owners[at++].setPool(owner.second);
    }
    kj::Promise<std::vector<PoolMove>> call =
        request.send().then([count = wanted.size()](auto&& response) {
          std::vector<PoolMove> moves;
          for (auto one : response.getMoves()) {
            moves.push_back({text(one.getTo()), one.getPortion()});
          }
          KJ_REQUIRE(moves.size() == count, "not as many answers as owners", moves.size(), count);
          return moves;
        });
    auto asked = calls.ask<std::vector<PoolMove>>("pool_movers", provider.instance,
                                                  settings_.changeDeadlineMs, kj::mv(call));
    auto answer = co_await asked;
    KJ_IF_MAYBE (moves, answer) {
      at = 0;
      for (auto& [owner, move] : wanted) {
        PoolMove& told = (*moves)[at++];
        if (move.to.empty() && takesJobs(pools, told.to)) move = std::move(told);
      }
    }
  }
  for (JobSpec& job : jobs) {
    const PoolMove& move = wanted.at({job.user.str(), job.pool.str()});
    if (moves(job.id, move)) job.pool = move.to;
  }
}

}  // namespace maitred::cook
