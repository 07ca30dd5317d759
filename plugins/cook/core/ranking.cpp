#include "ranking.h"

#include <algorithm>
#include <cmath>

namespace maitred::cook {
namespace {

constexpr double BYTES_PER_MIB = 1024 * 1024;
constexpr double MICRO = 1e6;

}  // namespace

void UserTasks::Sums::add(const Task& task, int sign) {
  memBytes += sign * std::llround(task.mem * BYTES_PER_MIB);
  microCpus += sign * std::llround(task.cpus * MICRO);
  microGpus += sign * std::llround(task.gpus * MICRO);
}

void UserTasks::removeWaiting(const Task& task) {
  waitingCount_ -= level(task).waiting.erase(task);
  tidy(task.priority);
}

void UserTasks::addRunning(const Task& task) {
  Level& here = level(task);
  if (!here.running.insert(task).second) return;
  here.sums.add(task, 1);
  ++runningCount_;
}

void UserTasks::removeRunning(const Task& task) {
  Level& here = level(task);
  if (here.running.erase(task) != 0) {
    here.sums.add(task, -1);
    --runningCount_;
  }
  tidy(task.priority);
}

void UserTasks::tidy(std::int64_t priority) {
  auto at = levels.find(priority);
  if (at->second.running.empty() && at->second.waiting.empty()) levels.erase(at);
}

Usage UserTasks::running() const {
  Sums all;
  for (const auto& [priority, level] : levels) {
    all.memBytes += level.sums.memBytes;
    all.microCpus += level.sums.microCpus;
    all.microGpus += level.sums.microGpus;
  }
  return {all.memBytes / BYTES_PER_MIB, all.microCpus / MICRO, all.microGpus / MICRO,
          static_cast<std::int64_t>(runningCount_)};
}

UserWalk::UserWalk(const UserTasks& tasks, const Share& share, bool everything)
    : tasks(&tasks), share(share), everything(everything), at(tasks.levels.begin()) {
  if (done()) return;
  enterLevel();
  settle();
}

void UserWalk::enterLevel() {
  runningAt = at->second.running.begin();
  waitingAt = at->second.waiting.begin();
  if (everything) return;
  const auto& sums = at->second.sums;
  mem += sums.memBytes / BYTES_PER_MIB;
  cpus += sums.microCpus / MICRO;
  gpus += sums.microGpus / MICRO;
}

void UserWalk::settle() {
  while (!done()) {
    if (everything && runningAt != at->second.running.end()) {
      inRunning = true;
      return add(*runningAt);
    }
    inRunning = false;
    if (waitingAt != at->second.waiting.end()) return add(*waitingAt);
    ++at;
    if (!done()) enterLevel();
  }
}

void UserWalk::add(const Task& task) {
  position = &task;
  mem += task.mem;
  cpus += task.cpus;
  gpus += task.gpus;
}

void UserWalk::advance() {
  if (inRunning) {
    ++runningAt;
  } else {
    ++waitingAt;
  }
  settle();
}

ScoreInput UserWalk::input() const {
  return {mem,
          cpus,
          gpus,
          share.mem,
          share.cpus,
          share.gpus,
          static_cast<double>(position->priority),
          static_cast<double>(position->submittedMs)};
}

void PoolRanking::tidy(const std::string& name) {
  auto at = users.find(name);
  if (at != users.end() && at->second.empty()) users.erase(at);
}

MergedOrder::MergedOrder(const PoolRanking& ranking, const Shares& shares, Scorer& scorer,
                         bool everything)
    : scorer(scorer) {
  for (const auto& [name, tasks] : ranking.all()) {
    if (!everything && tasks.waitingCount() == 0) continue;
    UserWalk walk(tasks, shares.of(name), everything);
    if (!walk.done()) heads.push_back({walk, &name, 0});
  }
  scoreAll();
}

void MergedOrder::scoreAll() {
  std::vector<ScoreInput> inputs;
  inputs.reserve(heads.size());
  for (const Head& head : heads) inputs.push_back(head.walk.input());
  std::vector<double> scores(inputs.size());
  if (!scorer.score(inputs, scores)) {
    failed_ = true;
    return;
  }
  for (std::size_t i = 0; i < heads.size(); ++i) {
    heads[i].score = scores[i];
    heap.push_back(i);
  }
  auto order = [this](std::size_t a, std::size_t b) { return later(a, b); };
  std::make_heap(heap.begin(), heap.end(), order);
}

bool MergedOrder::later(std::size_t a, std::size_t b) const {
  if (heads[a].score != heads[b].score) return heads[a].score > heads[b].score;
  return a > b;
}

std::optional<MergedOrder::Ranked> MergedOrder::next() {
  if (failed_) return std::nullopt;
  auto order = [this](std::size_t a, std::size_t b) { return later(a, b); };
  if (current) {
    Head& head = heads[*current];
    head.walk.advance();
    if (head.walk.done()) {
      current.reset();
    } else {
      ScoreInput input = head.walk.input();
      if (!scorer.score({&input, 1}, {&head.score, 1})) {
        failed_ = true;
        return std::nullopt;
      }
      if (!heap.empty() && heads[heap.front()].score < head.score) {
        heap.push_back(*current);
        std::push_heap(heap.begin(), heap.end(), order);
        current.reset();
      }
    }
  }
  if (!current) {
    if (heap.empty()) return std::nullopt;
    std::pop_heap(heap.begin(), heap.end(), order);
    current = heap.back();
    heap.pop_back();
  }
  const Head& head = heads[*current];
  return Ranked{&head.walk.task(), head.user, head.score, head.walk.isRunning()};
}

}  // namespace maitred::cook
