#include "book.h"

#include <algorithm>

namespace maitred::cook {
namespace {

template <typename T, typename News>
void take(T& field, const News& news) {
  if (!news.empty()) field = news;
}

}  // namespace

void Book::enter(Job& job) {
  PoolRanking& ranking = partitions[job.spec.pool].ranking;
  if (const Instance* live = job.live()) {
    ranking.addRunning(job, live->startMs);
    countLive(job, *live, 1);
  } else if (job.unended() != nullptr) {
    ending_.emplace(job.order, &job);
  } else if (job.state == JobState::waiting && !isOut(job)) {
    ranking.addWaiting(job);
  }
  ++counts[static_cast<std::size_t>(job.state)];
  changed.insert(job.sequence, &job);
  if (job.state == JobState::completed) byCompletion.insert({job.completedMs, job.order}, &job);
  if (watcher != nullptr) watcher->jobChanged(job);
}

void Book::leave(Job& job) {
  PoolRanking& ranking = partitions[job.spec.pool].ranking;
  if (const Instance* live = job.live()) {
    ranking.removeRunning(job, live->startMs);
    countLive(job, *live, -1);
  } else if (job.unended() != nullptr) {
    ending_.erase(job.order);
  } else if (job.state == JobState::waiting && !isOut(job)) {
    ranking.removeWaiting(job);
  }
  --counts[static_cast<std::size_t>(job.state)];
  changed.erase(job.sequence);
  if (job.state == JobState::completed) byCompletion.erase({job.completedMs, job.order});
}

Book::Change& Book::touch(Job& job) {
  Change& change = changes[&job];
  change.job = &job;
  return change;
}

void Book::derive(Job& job, std::int64_t nowMs) {
  JobState next = nextState(job, limits_);
  if (next == job.state) return;
  if (next == JobState::waiting) job.waitingSinceMs = nowMs;
  if (next == JobState::completed) job.completedMs = nowMs;
  job.state = next;
}

template <typename Changer>
void Book::change(Job& job, std::int64_t nowMs, Changer&& changer) {
  leave(job);
  changer();
  derive(job, nowMs);
  if (job.state != JobState::waiting) takeBack(job);
  job.sequence = nextSequence();
  enter(job);
  touch(job);
}

bool Book::isOut(const Job& job) const {
  if (due.empty()) return false;
  auto at = postponed.find(&job);
  return at != postponed.end() && at->second.out;
}

std::optional<std::int64_t> Book::postponedUntil(const Job& job) const {
  if (!isOut(job)) return std::nullopt;
  return postponed.at(&job).untilMs;
}

// Forgets the time until which it is out; what it leaves and enters is the caller's.
void Book::takeBack(Job& job) {
  if (!isOut(job)) return;
  Postponed& state = postponed[&job];
  due.erase({state.untilMs, job.order, &job});
  state.out = false;
}

std::int64_t Book::postpone(Job& job, std::int64_t nowMs, std::int64_t retryAfterMs) {
  if (job.state != JobState::waiting || job.unended() != nullptr) return nowMs;
  Postponed& state = postponed[&job];
  // The first refusal is the node's bad luck and costs nothing.
  std::int64_t pause = state.refusals == 0 ? 0 : pauseAfter(state.refusals);
  ++state.refusals;
  std::int64_t until = nowMs + std::max(pause, retryAfterMs);
  if (until <= nowMs || (state.out && until <= state.untilMs)) return std::max(until, nowMs);
  putOff(job, until);
  return until;
}

void Book::putOff(Job& job, std::int64_t untilMs) {
  leave(job);
  takeBack(job);
  Postponed& state = postponed[&job];
  state.untilMs = untilMs;
  state.out = true;
  due.emplace(untilMs, job.order, &job);
  enter(job);
}

void Book::defer(Job& job, std::int64_t untilMs) {
  if (job.state != JobState::waiting || job.unended() != nullptr) return;
  const Postponed& state = postponed[&job];
  if (!state.out || state.untilMs < untilMs) putOff(job, untilMs);
}

void Book::wake(std::int64_t nowMs) {
  while (!due.empty() && std::get<0>(*due.begin()) <= nowMs) {
    Job& job = *std::get<2>(*due.begin());
    leave(job);
    takeBack(job);
    enter(job);
  }
}

std::optional<std::int64_t> Book::nextWakeMs() const {
  if (due.empty()) return std::nullopt;
  return std::get<0>(*due.begin());
}

Job* Book::add(Job job) {
  if (jobs.contains(job.spec.id)) return nullptr;
  auto owned = std::make_unique<Job>(std::move(job));
  Job& added = *owned;
  jobs.insert({std::move(owned)});
  for (const Instance& one : added.instances) tasks.insert({one.taskId, &added});
  lastOrder = std::max(lastOrder, added.order);
  lastSequence = std::max(lastSequence, added.sequence);
  byUser[added.spec.user].insert({added.submittedMs, added.order}, &added);
  if (added.spec.group) join(added);
  enter(added);
  return &added;
}

void Book::settle(Job& job, std::int64_t nowMs) {
  if (nextState(job, limits_) != job.state) change(job, nowMs, [] {});
}

Job* Book::find(const Uuid& id) const {
  const JobSlot* slot = jobs.find(id);
  return slot == nullptr ? nullptr : slot->job.get();
}

Book::Found Book::findTask(const Uuid& taskId) const {
  const TaskSlot* slot = tasks.find(taskId);
  if (slot == nullptr) return {};
  return {slot->job, slot->job->find(taskId)};
}

Instance* Book::start(Job& job, const Uuid& taskId, const Seat& seat, std::int64_t nowMs) {
  if (job.state != JobState::waiting || job.unended() != nullptr || tasks.contains(taskId)) {
    return nullptr;
  }
  change(job, nowMs, [&] {
    Instance one;
    one.taskId = taskId;
    one.startMs = nowMs;
    one.queueTimeMs = std::max<std::int64_t>(0, nowMs - job.waitingSinceMs);
    one.number = job.instances.empty() ? 0 : job.instances.back().number + 1;
    one.cluster = seat.cluster;
    one.nodeId = seat.nodeId;
    one.hostname = seat.hostname;
    job.instances.push_back(std::move(one));
    tasks.insert({taskId, &job});
  });
  partitions[job.spec.pool].ranking.served(job.spec.user);
  if (!investigations_.none()) investigations_.forget(job.spec.id);
  touch(job).touched.push_back(taskId);
  return &job.instances.back();
}

bool Book::withdraw(const Uuid& taskId, std::int64_t nowMs) {
  Found found = findTask(taskId);
  if (!found || isTerminal(found.instance->status)) return false;
  Job& job = *found.job;
  std::int64_t waitingSince = job.waitingSinceMs;
  change(job, nowMs, [&] {
    job.instances.erase(job.instances.begin() + (found.instance - job.instances.data()));
    tasks.erase(taskId);
  });
  if (job.state == JobState::waiting)
    job.waitingSinceMs = waitingSince;  // it never stopped waiting
  Change& change = touch(job);
  std::erase(change.touched, taskId);
  change.withdrawn.push_back(taskId);
  return true;
}

bool Book::report(const Uuid& taskId, const Report& news, std::int64_t nowMs) {
  Found found = findTask(taskId);
  if (!found) return false;
  Instance& one = *found.instance;
  if (one.over()) return false;
  change(*found.job, nowMs, [&] {
    one.confirmed = true;
    take(one.hostname, news.hostname);
    take(one.nodeId, news.nodeId);
    take(one.sandboxUrl, news.sandboxUrl);
    take(one.sandboxPath, news.sandboxPath);
    take(one.message, news.message);
    take(one.ports, news.ports);
    std::sort(one.ports.begin(), one.ports.end());
    if (news.unreachableMs) one.unreachableMs = *news.unreachableMs;
    // The end of one that was stopped: it has failed, whatever its task says last.
    bool confirmed = isTerminal(one.status) && news.status && isTerminal(*news.status);
    if (!news.status || (!confirmed && !mayBecome(one.status, *news.status))) return;
    if (!confirmed) {
      one.status = *news.status;
      postponed.erase(found.job);  // it is not waiting
    }
    if (one.status == InstanceStatus::running && one.runningMs == 0) one.runningMs = news.atMs;
    if (!isTerminal(one.status)) return;
    one.endMs = std::max<std::int64_t>({news.atMs, one.startMs, 1});
    one.unreachableMs = 0;
    if (one.reason == 0) one.reason = news.reason;
    if (news.exitCode) one.exitCode = news.exitCode;
  });
  touch(*found.job).touched.push_back(taskId);
  return true;
}

bool Book::kill(Job& job, std::int64_t nowMs) {
  if (job.state == JobState::completed) return false;
  Instance* live = job.live();
  change(job, nowMs, [&] {
    job.state = JobState::completed;
    job.completedMs = nowMs;
    if (live != nullptr && live->reason == 0) live->reason = Reason::KILLED_BY_USER;
  });
  if (live != nullptr) touch(job).touched.push_back(live->taskId);
  return true;
}

bool Book::retry(Job& job, std::int64_t maxRetries, std::int64_t nowMs) {
  bool again = job.state == JobState::completed && attemptsConsumed(job, limits_) < maxRetries &&
               std::string_view(outcome(job)) != "success";
  if (!again && job.spec.maxRetries == maxRetries) return false;
  Instance* live = job.live();
  change(job, nowMs, [&] {
    job.spec.maxRetries = maxRetries;
    if (!again) return;
    job.state = JobState::waiting;
    job.waitingSinceMs = nowMs;
    job.completedMs = 0;
    // What the kill left alive is still to end; the job goes on with the next attempt.
    if (live != nullptr) live->cancelled = true;
  });
  if (again && live != nullptr) touch(job).touched.push_back(live->taskId);
  return true;
}

bool Book::cancel(const Uuid& taskId) {
  Found found = findTask(taskId);
  if (!found || isTerminal(found.instance->status) || found.instance->cancelled) return false;
  change(*found.job, 0, [&] {
    found.instance->cancelled = true;
    if (found.instance->reason == 0) found.instance->reason = Reason::KILLED_BY_USER;
  });
  touch(*found.job).touched.push_back(taskId);
  return true;
}

bool Book::fail(const Uuid& taskId, int reason, Stop stop, std::int64_t nowMs) {
  Found found = findTask(taskId);
  if (!found || isTerminal(found.instance->status)) return false;
  // Somebody else has decided about it.
  if (found.instance->cancelled || found.job->state == JobState::completed) return false;
  change(*found.job, nowMs, [&] {
    Instance& one = *found.instance;
    one.status = InstanceStatus::failed;
    if (one.reason == 0) one.reason = reason;
    if (stop == Stop::preemption) one.preempted = true;
  });
  touch(*found.job).touched.push_back(taskId);
  return true;
}

bool Book::progress(const Uuid& taskId, const ProgressReport& report) {
  Found found = findTask(taskId);
  if (!found) return false;
  Progress next;
  if (!found.instance->progress.empty()) next = found.instance->progress[0];
  if (report.percent) next.percent = *report.percent;
  if (report.message) next.message = *report.message;
  if (!found.instance->progress.empty() && found.instance->progress[0] == next) return false;
  found.instance->progress = {std::move(next)};
  touch(*found.job).touched.push_back(taskId);
  return true;
}

void Book::forget(Job& job) {
  if (job.state != JobState::completed || job.unended() != nullptr) return;
  leave(job);
  takeBack(job);
  postponed.erase(&job);
  investigations_.forget(job.spec.id);
  changes.erase(&job);
  for (const Instance& one : job.instances) tasks.erase(one.taskId);
  auto user = byUser.find(job.spec.user);
  user->second.erase({job.submittedMs, job.order});
  if (user->second.empty()) byUser.erase(user);
  if (job.spec.group) {
    auto group = groups.find(*job.spec.group);
    group->second.jobs.erase(job.order);
    if (group->second.jobs.empty()) groups.erase(group);
  }
  Uuid id = job.spec.id;
  jobs.erase(id);
}

Usage Book::usage(const std::string& pool, const std::string& user) const {
  auto at = partitions.find(pool);
  const auto* found = at == partitions.end() ? nullptr : at->second.ranking.find(user);
  return found == nullptr ? Usage{} : found->tasks.running();
}

Usage Book::usage(const std::string& pool) const {
  auto at = partitions.find(pool);
  return at == partitions.end() ? Usage{} : at->second.ranking.running();
}

std::vector<Job*> Book::liveJobs(const std::string& pool, const std::string& user) const {
  std::vector<Job*> jobs;
  auto at = partitions.find(pool);
  const auto* found = at == partitions.end() ? nullptr : at->second.ranking.find(user);
  if (found == nullptr) return jobs;
  jobs.reserve(found->tasks.runningCount());
  found->tasks.eachRunning([&](Job& job) { jobs.push_back(&job); });
  return jobs;
}

void Book::rescore() {
  for (auto& [name, partition] : partitions) partition.ranking.rescore();
}

std::vector<Book::Change> Book::takeChanges(std::size_t most) {
  std::vector<Change> taken;
  taken.reserve(std::min(most, changes.size()));
  while (taken.size() < most && !changes.empty()) {
    taken.push_back(std::move(changes.begin()->second));
    changes.erase(changes.begin());
  }
  return taken;
}

void Book::giveBack(std::vector<Change> returned) {
  for (Change& old : returned) {
    Change& present = touch(*old.job);
    for (const Uuid& id : old.touched) present.touched.push_back(id);
    for (const Uuid& id : old.withdrawn) present.withdrawn.push_back(id);
  }
}

const Book::Window* Book::submittedBy(const std::string& user) const {
  auto at = byUser.find(user);
  return at == byUser.end() ? nullptr : &at->second;
}

}  // namespace maitred::cook
