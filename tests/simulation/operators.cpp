// What operators do: pools, shares, quotas and rates, by configuration and while the queue runs.

#include "life.h"

namespace maitred::simulation {

// Two pools that mostly take and start jobs, and one that mostly does not. Every bound leaves room
// for any single job, or some would wait for ever.
cook::Pools World::pools() {
  auto someQuota = [this]() -> std::optional<cook::Quota> {
    if (random() % 2 == 0) return std::nullopt;
    return cook::Quota{.mem = 3000 + static_cast<double>(random() % 9000),
                       .cpus = 3 + static_cast<double>(random() % 9),
                       .count = 1 + static_cast<std::int64_t>(random() % 8)};
  };
  std::vector<cook::Pool> list(3);
  list[0].name = "main";
  list[1].name = "side";
  list[1].active = isCalm || !chance(200);
  list[1].quota = someQuota();
  list[2].name = "night";
  list[2].active = isCalm || chance(300);
  std::map<std::string, cook::Quota> groups;
  if (auto shared = someQuota()) {
    list[1].quotaGroup = list[2].quotaGroup = "small";
    groups["small"] = *shared;
  }
  return cook::Pools(std::move(list), "main", std::move(groups));
}

cook::QuotaRow World::makeQuota(const std::string& user, const std::string& pool) {
  cook::QuotaRow quota;
  quota.key = {user, pool};
  quota.count = 1 + static_cast<std::int64_t>(random() % 6);
  if (random() % 2 == 0) quota.cpus = 3 + static_cast<double>(random() % 40) / 10;
  if (random() % 2 == 0) quota.mem = 3000 + static_cast<double>(random() % 4000);
  if (random() % 2 == 0) {
    quota.launchRateSaved = 1 + static_cast<double>(random() % 4);
    quota.launchRatePerMinute = 60 << random() % 4;
  }
  return quota;
}

// It never spares so many that nothing happens: a share is a fraction of what there is.
cook::RebalancerSettings World::rebalancer() {
  cook::RebalancerSettings settings;
  settings.intervalMs = 500 + static_cast<std::int64_t>(random() % 2500);
  settings.preemptionMost = isCalm || !chance(150) ? 1 + random() % 20 : 0;
  settings.scoreGainLeast = static_cast<double>(random() % 4) / 8;
  settings.safeScore = static_cast<double>(random() % 5) / 4;
  if (!isCalm && chance(200)) settings.poolRegex = "^main$";
  return settings;
}

cook::QueueSettings World::settings() {
  cook::QueueSettings settings;
  settings.pools = pools();
  for (const char* user : {"ana", "bea", "default"}) {
    cook::ShareRow share;
    share.key.user = user;
    share.cpus = 1 + static_cast<double>(random() % 20);
    if (random() % 2 == 0) share.mem = 1000 + static_cast<double>(random() % 10'000);
    settings.shares.push_back(share);
  }
  for (const char* pool : {"", "side"}) {
    for (const char* user : {"ana", "cid", "default"}) {
      if (random() % 2 == 0) settings.quotas.push_back(makeQuota(user, pool));
    }
  }
  settings.enforceLaunchRates = random() % 3 != 0;
  settings.unreachableMs = 15'000;
  // Clocks jump by hours here: what was started before a restart seems as old as they make it.
  settings.runtimes = {10'000ll * 3'600'000, 10'000ll * 3'600'000};
  settings.runtimeIntervalMs = 5'000;
  settings.meaCulpa.global = freeFailures;
  if (preemptionIsFree) settings.meaCulpa.byCode[cook::Reason::PREEMPTED] = -1;
  settings.rebalancer = rebalancer();
  settings.scheduler.considerable = 1 + random() % 20;
  settings.scheduler.head = {0.5 + static_cast<double>(random() % 5) / 10, 10, 20};
  return settings;
}

// An administrator sets a user's quota and share, or takes the quota away again.
void World::setQuota() {
  cook::LimitKey key{std::array{"ana", "bea", "default"}[random() % 3],
                     std::array{"main", "side", "night"}[random() % 3]};
  std::optional<cook::QuotaRow> row;
  if (random() % 4 != 0) row = makeQuota(key.user, key.pool);
  cook::ShareRow share;
  share.key = key;
  share.cpus = 1 + static_cast<double>(random() % 20);
  note("the quota of " + key.user + " in " + key.pool + (row ? " is set" : " is taken away"));
  ++counted.quotas;
  std::size_t number = ledger.quotaAsked(key, row);
  auto decide = [key, row, share](const cook::Entitlements&) {
    cook::AdminChange change;
    change.shares.push_back(share);
    change.quotasRemoved.push_back(key);
    if (row) change.quotas.push_back(*row);
    change.audit.push_back({1, "root", "", "quota.set", key.user, "", "", "because"});
    return change;
  };
  life->waiting.add(life->queue->administer(kj::mv(decide)).then(
      [this, key, number] {
        note("the quota is kept");
        ledger.quotaAccepted(key, number);
      },
      [](kj::Exception&&) {}));
}

}  // namespace maitred::simulation
