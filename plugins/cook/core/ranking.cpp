#include "ranking.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace maitred::cook {
namespace {

constexpr double MICRO = 1e6;
// Users without anything are remembered for their turn, up to so many.
constexpr std::size_t IDLE_USERS_MOST = 10'000;

}  // namespace

void UserTasks::Sums::add(const Job& job, int sign) {
  memBytes += sign * std::llround(job.spec.mem * BYTES_PER_MIB);
  microCpus += sign * std::llround(job.spec.cpus * MICRO);
  microGpus += sign * std::llround(job.spec.gpus * MICRO);
  count += sign;
}

Usage UserTasks::Sums::usage() const {
  return {memBytes / BYTES_PER_MIB, microCpus / MICRO, microGpus / MICRO, count};
}

void UserTasks::addWaiting(Job& job) {
  if (!levels[job.spec.priority].waiting.insert(job.order, &job)) return;
  ++waitingCount_;
  waitingTotal.add(job, 1);
}

void UserTasks::removeWaiting(const Job& job) {
  auto at = levels.find(job.spec.priority);
  if (at == levels.end()) return;
  if (at->second.waiting.erase(job.order)) {
    --waitingCount_;
    waitingTotal.add(job, -1);
  }
  tidy(at);
}

void UserTasks::addRunning(Job& job, std::int64_t startMs) {
  Level& level = levels[job.spec.priority];
  if (!level.running.insert({startMs, job.order}, &job)) return;
  level.sums.add(job, 1);
  total.add(job, 1);
  ++runningCount_;
}

void UserTasks::removeRunning(const Job& job, std::int64_t startMs) {
  auto at = levels.find(job.spec.priority);
  if (at == levels.end()) return;
  if (at->second.running.erase({startMs, job.order})) {
    at->second.sums.add(job, -1);
    total.add(job, -1);
    --runningCount_;
  }
  tidy(at);
}

void UserTasks::tidy(std::map<std::int64_t, Level, std::greater<>>::iterator at) {
  if (at->second.running.empty() && at->second.waiting.empty()) levels.erase(at);
}

PoolRanking::User& PoolRanking::at(const std::string& user) {
  auto& entry = *users_.try_emplace(user).first;
  if (!entry.second.changed) {
    entry.second.changed = true;
    changed.push_back(&entry);
  }
  if (!entry.second.noted) {
    entry.second.noted = true;
    noted.users.push_back(entry.first);
  }
  return entry.second;
}

PoolRanking::Changed PoolRanking::takeChanged() {
  for (const std::string& user : noted.users) {
    auto found = users_.find(user);
    if (found != users_.end()) found->second.noted = false;
  }
  return std::exchange(noted, {});
}

const PoolRanking::User* PoolRanking::find(const std::string& user) const {
  auto found = users_.find(user);
  return found == users_.end() ? nullptr : &found->second;
}

void PoolRanking::addWaiting(Job& job) {
  UserTasks& tasks = at(job.spec.user).tasks;
  std::size_t before = tasks.waitingCount();
  tasks.addWaiting(job);
  waitingCount_ += tasks.waitingCount() - before;
}

void PoolRanking::removeWaiting(Job& job) {
  UserTasks& tasks = at(job.spec.user).tasks;
  std::size_t before = tasks.waitingCount();
  tasks.removeWaiting(job);
  waitingCount_ -= before - tasks.waitingCount();
}

void PoolRanking::addRunning(Job& job, std::int64_t startMs) {
  UserTasks& tasks = at(job.spec.user).tasks;
  std::size_t before = tasks.runningCount();
  tasks.addRunning(job, startMs);
  if (tasks.runningCount() != before) total.add(job, 1);
}

void PoolRanking::removeRunning(Job& job, std::int64_t startMs) {
  UserTasks& tasks = at(job.spec.user).tasks;
  std::size_t before = tasks.runningCount();
  tasks.removeRunning(job, startMs);
  if (tasks.runningCount() != before) total.add(job, -1);
}

bool PoolRanking::refresh(Scorer& with, const Shares& shares) {
  if (scorer != &with || sharesGeneration != shares.generation()) {
    for (auto& [name, user] : users_) {
      if (user.tasks.waitingCount() != 0) at(name);
    }
  }
  std::vector<ScoreInput> inputs;
  std::vector<std::pair<const std::string, User>*> scored;
  for (auto* entry : changed) {
    User& user = entry->second;
    if (user.listed) heads.erase(user.place);
    user.listed = false;
    if (user.tasks.waitingCount() == 0) continue;
    inputs.push_back(UserWalk(user.tasks, shares.of(entry->first), {}).input());
    scored.push_back(entry);
  }
  std::vector<double> scores(inputs.size());
  // Whatever was not scored is asked for again next time.
  scorer = nullptr;
  if (!inputs.empty() && !with.score(inputs, scores)) return false;
  for (std::size_t i = 0; i < scored.size(); ++i) {
    auto& [name, user] = *scored[i];
    user.place = heads.insert({scores[i], user.served, &name, &user}).first;
    user.listed = true;
  }
  for (auto* entry : changed) entry->second.changed = false;
  changed.clear();
  scorer = &with;
  sharesGeneration = shares.generation();
  if (users_.size() > tidyAbove) tidy();
  return true;
}

void PoolRanking::tidy() {
  std::erase_if(users_, [](const auto& entry) { return entry.second.tasks.empty(); });
  tidyAbove = 2 * users_.size() + IDLE_USERS_MOST;
  if (noted.users.size() > tidyAbove) {  // nobody asks
    for (auto& [name, user] : users_) user.noted = false;
    noted = {true, {}};
  }
  ++forgotten_;
}

void PoolRanking::restoreTurns(const std::map<std::string, std::uint64_t>& turns,
                               std::uint64_t last) {
  for (auto& [name, user] : users_) {
    if (user.served != 0 && !turns.contains(name)) at(name).served = 0;
  }
  for (const auto& [name, turn] : turns) at(name).served = turn;
  servedLast_ = last;
  tidyAbove = SIZE_MAX;
}

MergedOrder::MergedOrder(PoolRanking& ranking, const Shares& shares, Scorer& scorer,
                         const Options& options)
    : shares(shares), scorer(scorer), options(options) {
  if (options.everything) {
    untouched = end = ranking.heads.end();
    for (auto& [name, user] : ranking.users_) {
      Key key{0, user.served, &name, &user};
      Walk walk{walkOf(key), key};
      if (walk.walk.done()) continue;
      if (!score(walk)) return;
      heap.push_back(walk);
    }
  } else {
    failed_ = !ranking.refresh(scorer, shares);
    untouched = ranking.heads.begin();
    end = ranking.heads.end();
  }
  std::make_heap(heap.begin(), heap.end(),
                 [](const Walk& a, const Walk& b) { return b.key < a.key; });
}

UserWalk MergedOrder::walkOf(const Key& key) const {
  UserWalk::Options walk{options.everything, std::nullopt, options.overQuotaMost};
  if (options.quotas != nullptr) {
    Quota quota = options.quotas->of(*key.name);
    if (!quota.isUnlimited()) walk.quota = quota;
  }
  return UserWalk(key.user->tasks, shares.of(*key.name), walk);
}

bool MergedOrder::score(Walk& walk) {
  ScoreInput input = walk.walk.input();
  if (!scorer.score({&input, 1}, {&walk.key.score, 1})) failed_ = true;
  return !failed_;
}

bool MergedOrder::takeNext() {
  auto later = [](const Walk& a, const Walk& b) { return b.key < a.key; };
  while (!current) {
    bool fresh = untouched != end;
    if (!fresh && heap.empty()) return false;
    if (fresh && !heap.empty()) fresh = *untouched < heap.front().key;
    if (fresh) {
      const Key& key = *untouched++;
      Walk walk{walkOf(key), key};
      if (!walk.walk.done()) current = walk;
    } else {
      std::pop_heap(heap.begin(), heap.end(), later);
      current = std::move(heap.back());
      heap.pop_back();
    }
  }
  return true;
}

std::optional<MergedOrder::Ranked> MergedOrder::next() {
  if (failed_) return std::nullopt;
  auto later = [](const Walk& a, const Walk& b) { return b.key < a.key; };
  if (current) {
    current->walk.advance();
    if (current->walk.done()) {
      current.reset();
    } else {
      if (!score(*current)) return std::nullopt;
      double mine = current->key.score;
      bool behind = (untouched != end && untouched->score < mine) ||
                    (!heap.empty() && heap.front().key.score < mine);
      if (behind) {
        heap.push_back(*current);
        std::push_heap(heap.begin(), heap.end(), later);
        current.reset();
      }
    }
  }
  if (!takeNext()) return std::nullopt;
  return Ranked{current->walk.job(), current->key.name, current->key.user, current->key.score,
                current->walk.isRunning()};
}

}  // namespace maitred::cook
