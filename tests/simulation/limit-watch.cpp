#include "limit-watch.h"

#include "violation.h"

#include <cmath>

namespace maitred::simulation {
namespace {

using cook::BatchQueue;
using cook::Pool;
using cook::Quota;
using cook::Usage;

bool hasGrown(const Usage& before, const Usage& now) {
  return now.count > before.count || now.cpus > before.cpus || now.mem > before.mem;
}

Usage heldByGroup(BatchQueue& queue, const Pool& pool) {
  Usage sum;
  for (const Pool* member : queue.pools().groupOf(pool)) sum += queue.book().usage(member->name);
  return sum;
}

}  // namespace

// A changed rate begins with a full bucket; so does everybody if that of `default` changes.
void LimitWatch::takeRates(BatchQueue& queue) {
  bool now = queue.settings().enforceLaunchRates;
  bool anew = now != enforced;
  enforced = now;
  for (const Pool& pool : queue.pools().all()) {
    PoolAccount& account = pools[pool.name];
    auto& quotas = queue.book().quotas(pool.name);
    auto rateOf = [&](const std::string& user) {
      Quota quota = quotas.of(user);
      const cook::QuotaEntry* own = quotas.find(user);
      Rate rate{quota.launchRateSaved, quota.launchRatePerMinute / 60'000, {}, {}};
      if (own == nullptr) return rate;
      rate.ownSaved = own->launchRateSaved;
      rate.ownPerMinute = own->launchRatePerMinute;
      return rate;
    };
    Rate byDefault = rateOf("default");
    bool all = anew || !(byDefault == account.byDefault);
    account.byDefault = byDefault;
    for (const std::string& user : USERS) {
      Account& one = account.users[user];
      Rate rate = rateOf(user);
      if (!all && rate == one.rate) continue;
      one.rate = rate;
      one.level = rate.saved;
    }
  }
}

void LimitWatch::takeHeld(BatchQueue& queue) {
  for (const Pool& pool : queue.pools().all()) {
    PoolAccount& account = pools[pool.name];
    account.held = queue.book().usage(pool.name);
    account.groupHeld = heldByGroup(queue, pool);
    for (const std::string& user : USERS) {
      account.users[user].held = queue.book().usage(pool.name, user);
    }
  }
  queue.book().each([&](const cook::Job& job) {
    for (const cook::Instance& one : job.instances) seen.insert(one.taskId);
  });
  lookedMs = queue.steadyMs();
}

void LimitWatch::begin(BatchQueue& queue) {
  pools.clear();
  takeRates(queue);
  takeHeld(queue);
}

void LimitWatch::before(BatchQueue& queue) {
  takeRates(queue);
  for (const Pool& pool : queue.pools().all()) {
    // Which pools share a quota may have changed since they were looked at.
    pools[pool.name].groupHeld = heldByGroup(queue, pool);
    for (const std::string& user : USERS) {
      pools[pool.name].users[user].quota = queue.book().quotas(pool.name).of(user);
    }
  }
}

// A quota that was lowered ends nothing, but nobody above it may come to hold more.
void LimitWatch::checkUser(const std::string& pool, const std::string& user, Account& account,
                           BatchQueue& queue) {
  Usage now = queue.book().usage(pool, user);
  Quota quota = queue.book().quotas(pool).of(user);
  if (hasGrown(account.held, now) && !quota.allows(now) && !account.quota.allows(now)) {
    throw Violation(user + " came to hold more than the quota allows in " + pool);
  }
}

void LimitWatch::checkPool(const Pool& pool, PoolAccount& account, BatchQueue& queue) {
  Usage now = queue.book().usage(pool.name);
  if (pool.quota && hasGrown(account.held, now) && !pool.quota->allows(now)) {
    throw Violation("all users together hold more than the quota of " + pool.name);
  }
  const Quota* shared = queue.pools().groupQuota(pool);
  now = heldByGroup(queue, pool);
  if (shared != nullptr && hasGrown(account.groupHeld, now) && !shared->allows(now)) {
    throw Violation("the group of " + pool.name + " holds more than its quota");
  }
}

void LimitWatch::checkStarts(BatchQueue& queue) {
  std::map<std::pair<std::string, std::string>, int> started;
  queue.book().each([&](const cook::Job& job) {
    for (const cook::Instance& one : job.instances) {
      if (!seen.contains(one.taskId)) ++started[{job.spec.pool.str(), job.spec.user.str()}];
    }
  });
  auto passed = static_cast<double>(queue.steadyMs() - lookedMs);
  auto rated = pools;
  takeRates(queue);
  for (const Pool& pool : queue.pools().all()) {
    for (const std::string& user : USERS) {
      auto at = started.find({pool.name, user});
      int count = at == started.end() ? 0 : at->second;
      if (count != 0 && !pool.active) throw Violation("a job started in inactive " + pool.name);
      Account& account = pools[pool.name].users[user];
      const Account& old = rated[pool.name].users[user];
      // With one bucket before the change and a full one after it, it may be the sum of both.
      double most = old.level + passed * old.rate.perMs;
      bool same = account.rate == old.rate && account.level == old.level;
      if (!same) most += account.rate.saved + passed * account.rate.perMs;
      if (enforced && count > std::floor(most + 1e-6)) {
        throw Violation(user + " started " + std::to_string(count) + " jobs in " + pool.name +
                        ", the launch rate allows " + std::to_string(most));
      }
      if (!enforced || !same) continue;
      if (count > 0 && count == std::floor(most)) ++exhaustedCount;
      account.level = std::min(account.rate.saved, most - count);
    }
  }
}

void LimitWatch::after(BatchQueue& queue) {
  checkStarts(queue);
  for (const Pool& pool : queue.pools().all()) {
    PoolAccount& account = pools[pool.name];
    checkPool(pool, account, queue);
    for (auto& [user, one] : account.users) checkUser(pool.name, user, one, queue);
  }
  takeHeld(queue);
}

}  // namespace maitred::simulation
