#include "pool-settings.h"

#include "demand-settings.h"

#include <set>

namespace maitred::cook {
namespace {

constexpr const char* NAMELESS = "no-pool";  // what clients are told

// Negative: not given.
std::optional<double> amount(std::int64_t value, double unit) {
  return value < 0 ? std::nullopt : std::optional<double>(value / unit);
}
// For shares, of which nothing is none.
std::optional<double> amountAboveNothing(std::uint64_t value, double unit) {
  return value == 0 ? std::nullopt : std::optional<double>(value / unit);
}

QuotaRow quotaRow(UserQuota::Reader from, const std::string& pool) {
  QuotaRow row;
  row.key = {from.getUser().cStr(), pool};
  row.mem = amount(from.getMem(), BYTES_PER_MIB);
  row.cpus = amount(from.getCpus(), 1000);
  row.gpus = amount(from.getGpus(), 1);
  if (from.getCount() >= 0) row.count = from.getCount();
  auto rate = [](double value) {
    return value < 0 ? std::nullopt : std::optional<double>(value);
  };
  row.launchRateSaved = rate(from.getLaunchRateSaved());
  row.launchRatePerMinute = rate(from.getLaunchRatePerMinute());
  return row;
}

ShareRow shareRow(UserShare::Reader from, const std::string& pool) {
  ShareRow row;
  row.key = {from.getUser().cStr(), pool};
  row.mem = amountAboveNothing(from.getMem(), BYTES_PER_MIB);
  row.cpus = amountAboveNothing(from.getCpus(), 1000);
  row.gpus = amountAboveNothing(from.getGpus(), 1);
  return row;
}

std::string groupOf(CookConfig::Reader config, const std::string& pool) {
  for (auto one : config.getQuotaGrouping()) {
    if (pool == one.getPool().cStr()) return one.getGroup().cStr();
  }
  return {};
}

}  // namespace

std::vector<PoolQuotaRule> poolQuotaRules(CookConfig::Reader config) {
  std::vector<PoolQuotaRule> rules;
  for (auto one : config.getPoolQuotas()) {
    Quota quota;
    quota.mem = amount(one.getMem(), BYTES_PER_MIB).value_or(quota.mem);
    quota.cpus = amount(one.getCpus(), 1000).value_or(quota.cpus);
    quota.gpus = amount(one.getGpus(), 1).value_or(quota.gpus);
    if (one.getCount() >= 0) quota.count = one.getCount();
    rules.push_back({one.getPoolRegex().cStr(), quota});
  }
  return rules;
}

Pools poolsOf(CookConfig::Reader config) {
  auto rules = poolQuotaRules(config);
  auto quotaOf = [&](const std::string& name) -> std::optional<Quota> {
    const PoolQuotaRule* rule = ruleFor(name, rules);
    return rule == nullptr ? std::nullopt : std::optional<Quota>(rule->quota);
  };
  if (config.getPools().size() == 0) {
    Pool only;
    applyDemands(config, only);
    return Pools(std::move(only));
  }
  std::vector<Pool> pools;
  std::map<std::string, Quota> groups;
  for (auto one : config.getPools()) {
    Pool pool;
    pool.name = one.getName().cStr();
    pool.purpose = one.getPurpose().cStr();
    pool.active = one.getState() == PoolState::ACTIVE;
    pool.druMode = one.getDruMode() == Comparison::GPU ? DruMode::gpu : DruMode::standard;
    pool.quota = quotaOf(pool.name);
    pool.quotaGroup = groupOf(config, pool.name);
    for (auto rule : one.getDefaultConstraints()) {
      pool.defaultConstraints.push_back({rule.getAttribute().cStr(), rule.getValue().cStr()});
    }
    applyDemands(config, pool);
    if (auto shared = quotaOf(pool.quotaGroup); shared && !pool.quotaGroup.empty()) {
      groups.emplace(pool.quotaGroup, *shared);
    }
    pools.push_back(std::move(pool));
  }
  return Pools(std::move(pools), config.getDefaultPool().cStr(), std::move(groups));
}

std::vector<ShareRow> sharesOf(CookConfig::Reader config) {
  std::vector<ShareRow> rows;
  for (auto one : config.getShares()) rows.push_back(shareRow(one, ""));
  for (auto pool : config.getPools()) {
    for (auto one : pool.getShares()) rows.push_back(shareRow(one, pool.getName().cStr()));
  }
  return rows;
}

std::vector<QuotaRow> quotasOf(CookConfig::Reader config) {
  std::vector<QuotaRow> rows;
  for (auto one : config.getQuotas()) rows.push_back(quotaRow(one, ""));
  for (auto pool : config.getPools()) {
    for (auto one : pool.getQuotas()) rows.push_back(quotaRow(one, pool.getName().cStr()));
  }
  return rows;
}

std::vector<SchedulerRule> schedulerRules(CookConfig::Reader config) {
  std::vector<SchedulerRule> rules;
  for (auto one : config.getSchedulers()) {
    SchedulerSettings scheduler;
    scheduler.considerable = one.getMaxJobsConsidered();
    scheduler.goodEnough = one.getGoodEnoughFitness();
    scheduler.head = {one.getScaleback(), static_cast<int>(one.getFloorIterationsBeforeWarn()),
                      static_cast<int>(one.getFloorIterationsBeforeReset())};
    rules.push_back({one.getPoolRegex().cStr(), scheduler});
  }
  return rules;
}

std::map<std::string, SchedulerSettings> schedulersOf(CookConfig::Reader config) {
  auto rules = schedulerRules(config);
  Pools pools = poolsOf(config);
  std::map<std::string, SchedulerSettings> found;
  for (const Pool& pool : pools.all()) {
    const SchedulerRule* rule = ruleFor(pool.name.empty() ? NAMELESS : pool.name, rules);
    if (rule != nullptr) found.emplace(pool.name, rule->scheduler);
  }
  return found;
}

void checkPools(CookConfig::Reader config, std::vector<ConfigFault>& faults) {
  std::set<std::string> names, groups;
  auto pools = config.getPools();
  for (uint i = 0; i < pools.size(); ++i) {
    std::string name = pools[i].getName().cStr();
    std::vector<std::string> path{"pools", std::to_string(i), "name"};
    if (name == NAMELESS)
      faults.push_back({path, "no-pool is what clients are told when there are none"});
    if (!names.insert(name).second) faults.push_back({path, "pool " + name + " is given twice"});
  }
  std::string byDefault = config.getDefaultPool().cStr();
  if (names.empty() && !byDefault.empty()) {
    faults.push_back(
        {{"default_pool"},
         "there are no pools: name " + byDefault + " under `pools`, or leave this out"});
  } else if (!names.empty() && !names.contains(byDefault)) {
    faults.push_back({{"default_pool"},
                      byDefault.empty() ? "must be one of `pools`: jobs that name none go there"
                                        : byDefault + " is not among `pools`"});
  }
  auto rules = config.getPoolQuotas();
  checkExpressions(rules, "pool_quotas", faults);
  checkExpressions(config.getSchedulers(), "schedulers", faults);
  if (names.empty() && rules.size() != 0) {
    faults.push_back({{"pool_quotas"}, "there are no pools that these could be for"});
  }
  auto grouping = config.getQuotaGrouping();
  for (uint i = 0; i < grouping.size(); ++i) {
    std::string pool = grouping[i].getPool().cStr();
    if (names.contains(pool)) continue;
    faults.push_back(
        {{"quota_grouping", std::to_string(i), "pool"}, pool + " is not among `pools`"});
  }
}

}  // namespace maitred::cook
