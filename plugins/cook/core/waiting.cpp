#include "waiting.h"

#include "matching.h"

namespace maitred::cook {
namespace {

void addExcess(std::vector<Excess>& list, const char* resource, double limit, double usage) {
  if (usage > limit) list.push_back({resource, limit, usage});
}

// The user's own order, up to the job.
void countAhead(const Job& job, const WaitingWorld& world, WhyWaiting& why) {
  const auto* user = world.book.ranking(job.spec.pool).find(job.spec.user);
  if (user == nullptr) return;
  std::size_t waiting = 0;
  // One that is put off, or whose last attempt is not gone, is not in the order itself.
  auto isBehind = [&](const UserWalk& walk) {
    const Job& other = *walk.job();
    if (other.spec.priority != job.spec.priority) return other.spec.priority < job.spec.priority;
    return !walk.isRunning() && other.order >= job.order;
  };
  UserWalk walk(user->tasks, Share{}, {.everything = true});
  for (; !walk.done() && !isBehind(walk); walk.advance()) {
    if (!walk.isRunning() && ++waiting > WaitingWorld::COUNTED_MOST) {
      why.aheadOrMore = true;
      return;
    }
    ++why.ahead;
    if (why.firstAhead.size() < WaitingWorld::SHOWN_MOST) {
      why.firstAhead.push_back(walk.job()->spec.id);
    }
  }
}

std::size_t rateLimited(const Job& job, const WaitingWorld& world) {
  if (!world.launchTokens || world.launchTokens(job.spec.user) > 0) return 0;
  const auto* user = world.book.ranking(job.spec.pool).find(job.spec.user);
  return user == nullptr ? 1 : std::max<std::size_t>(1, user->tasks.waitingCount());
}

}  // namespace

std::vector<Excess> excessOf(const Usage& usage, const Quota& quota) {
  std::vector<Excess> list;
  addExcess(list, "mem", quota.mem, usage.mem);
  addExcess(list, "cpus", quota.cpus, usage.cpus);
  addExcess(list, "gpus", quota.gpus, usage.gpus);
  addExcess(list, "count", static_cast<double>(quota.count), static_cast<double>(usage.count));
  return list;
}

std::vector<Excess> excessOf(const Usage& usage, const Share& share) {
  std::vector<Excess> list;
  addExcess(list, "mem", share.mem, usage.mem);
  addExcess(list, "cpus", share.cpus, usage.cpus);
  addExcess(list, "gpus", share.gpus, usage.gpus);
  return list;
}

WhyWaiting whyWaiting(const Job& job, const WaitingWorld& world, bool askHosts) {
  WhyWaiting why;
  const std::string pool = job.spec.pool.str(), user = job.spec.user.str();
  const Pool* its = world.book.pools().find(pool);
  why.exhausted = attemptsConsumed(job, world.book.limits()) >= job.spec.maxRetries;
  Usage usage = world.book.usage(pool, user);
  usage += job.usage();
  why.quota = excessOf(usage, world.book.quotas(pool).of(user));
  why.share = excessOf(usage, world.book.shares(pool).of(user));
  why.rateLimited = rateLimited(job, world);
  why.poolIdle = its == nullptr || !its->active;
  why.ending = job.unended() != nullptr;
  if (auto until = world.book.postponedUntil(job)) {
    why.postponedMs = world.nowMs + std::max<std::int64_t>(0, *until - world.steadyMs);
  }
  countAhead(job, world, why);
  const RefusalSummary* found = world.book.investigations().summary(job.spec.id);
  why.seenByCycle = found != nullptr;
  if (askHosts) {
    MatchOptions options{.pool = pool, .nowMs = world.nowMs, .steadyMs = world.steadyMs};
    options.rules = world.rules;
    why.refusals = Matcher(world.book, world.nodes, nullptr, options).explain(job);
  } else if (found != nullptr) {
    why.refusals = *found;
  }
  return why;
}

}  // namespace maitred::cook
