#include "user-figures.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace maitred::cook {
namespace {

constexpr const char* JOBS = "maitred_cook_user_jobs";
constexpr const char* CPUS = "maitred_cook_user_cpus";
constexpr const char* MEMORY = "maitred_cook_user_memory_bytes";
constexpr const char* GPUS = "maitred_cook_user_gpus";
constexpr const char* DRU = "maitred_cook_user_dru";
constexpr const char* STANDING = "maitred_cook_user_standing";
constexpr const char* WAITED = "maitred_cook_user_wait_seconds";
constexpr const char* STANDINGS[] = {"running", "waiting",   "starved",
                                     "hungry",  "satisfied", "waiting_under_quota"};
constexpr std::pair<const char*, double> QUANTILES[] = {{"0.5", 0.5}, {"0.9", 0.9}, {"0.99", 0.99}};

const char* helpOf(const std::string& metric) {
  if (metric == JOBS) return "Jobs of a user";
  if (metric == CPUS) return "Cpus of a user's jobs";
  if (metric == MEMORY) return "Memory of a user's jobs";
  if (metric == GPUS) return "Gpus of a user's jobs";
  if (metric == DRU) return "The part of their share that a user runs";
  if (metric == STANDING) return "1 for how a user stands";
  return "How long the user's latest 100 begun jobs had waited";
}

}  // namespace

void UserFigures::Waits::add(double seconds) {
  latest[next] = static_cast<float>(seconds);
  next = (next + 1) % KEPT;
  count = std::min(count + 1, KEPT);
}

double UserFigures::Waits::quantile(double part) const {
  std::vector<float> sorted(latest.begin(), latest.begin() + count);
  std::size_t rank = static_cast<std::size_t>(std::ceil(part * count)) - 1;
  std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
  return sorted[rank];
}

void UserFigures::began(const std::string& pool, const std::string& user, std::int64_t waitedMs) {
  double seconds = waitedMs / 1000.0;
  registry
      .histogram("maitred_cook_wait_seconds", "How long jobs waited before an instance was begun",
                 metrics::exponential(0.01, 4, 14), {{"pool", pool}})
      .observe(seconds);
  pools[pool].users[user].waits.add(seconds);
}

void UserFigures::count(PoolFigures& pool, const Standing& standing, int sign) {
  auto add = [&](bool so, const char* what) { pool.standing[what] += so ? sign : 0; };
  add(standing.running, "running");
  add(standing.waiting, "waiting");
  add(standing.waitsUnderQuota, "waiting_under_quota");
  add(standing.satisfaction != Satisfaction::none, name(standing.satisfaction));
}

void UserFigures::show(User& user, std::map<Series, double> wanted) {
  for (const auto& [series, value] : user.shown) {
    if (!wanted.contains(series)) registry.remove(series.first, series.second);
  }
  for (const auto& [series, value] : wanted) {
    registry.gauge(series.first, helpOf(series.first), series.second).set(value);
  }
  user.shown = std::move(wanted);
}

std::map<UserFigures::Series, double> UserFigures::linesOf(const std::string& pool,
                                                           const std::string& user,
                                                           const User& figures,
                                                           const Usage& running,
                                                           const Usage& waiting) {
  std::map<Series, double> wanted;
  auto want = [&](const char* metric, const char* label, const std::string& is, double value) {
    wanted[{metric, {{"pool", pool}, {"user", user}, {label, is}}}] = value;
  };
  auto wantUsage = [&](const char* state, const Usage& usage) {
    want(CPUS, "state", state, usage.cpus);
    want(MEMORY, "state", state, usage.mem * BYTES_PER_MIB);
    want(GPUS, "state", state, usage.gpus);
  };
  want(JOBS, "state", "running", running.count);
  want(JOBS, "state", "waiting", waiting.count);
  wantUsage("running", running);
  wantUsage("waiting", waiting);
  const Standing& now = figures.standing;
  if (now.satisfaction == Satisfaction::starved) wantUsage("starved", now.starvedOf);
  if (now.waitsUnderQuota) wantUsage("waiting_under_quota", now.underQuota);
  want(STANDING, "standing", name(now.satisfaction), 1);
  wanted[{DRU, {{"pool", pool}, {"user", user}}}] = now.score;
  for (const auto& [text, part] : QUANTILES) {
    if (!figures.waits.empty()) want(WAITED, "quantile", text, figures.waits.quantile(part));
  }
  return wanted;
}

void UserFigures::update(const std::string& pool, const PoolRanking& ranking,
                         const PoolRanking::Changed& changed, const Shares& shares,
                         const Quotas& quotas, bool gpusAlone) {
  PoolFigures& its = pools[pool];
  std::set<std::string> users(changed.users.begin(), changed.users.end());
  if (changed.all || its.shares != shares.generation() || its.quotas != quotas.generation()) {
    for (const auto& [user, held] : ranking.users()) users.insert(user);
    for (const auto& [user, figures] : its.users) users.insert(user);
  }
  its.shares = shares.generation();
  its.quotas = quotas.generation();
  for (const std::string& user : users) {
    const PoolRanking::User* held = ranking.find(user);
    User& figures = its.users[user];
    count(its, figures.standing, -1);
    if (held == nullptr || held->tasks.empty()) {
      show(figures, {});
      its.users.erase(user);
      continue;
    }
    Usage running = held->tasks.running(), waiting = held->tasks.waiting();
    figures.standing = standingOf(running, waiting, shares.of(user), quotas.of(user), gpusAlone);
    count(its, figures.standing, 1);
    show(figures, linesOf(pool, user, figures, running, waiting));
  }
  for (const char* standing : STANDINGS) {
    registry
        .gauge("maitred_cook_users", "Users by how they stand",
               {{"pool", pool}, {"standing", standing}})
        .set(its.standing[standing]);
  }
}

}  // namespace maitred::cook
