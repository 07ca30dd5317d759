#include "book.h"

#include <algorithm>

namespace maitred::cook {
namespace {

Task taskOf(Job& job) {
  const Instance* live = job.live();
  return {job.spec.priority, live == nullptr ? 0 : live->startMs,
          job.order,         job.spec.mem,
          job.spec.cpus,     job.spec.gpus,
          job.submittedMs,   &job};
}

template <typename T>
void take(T& field, const T& news) {
  if (!news.empty()) field = news;
}

}  // namespace

void Book::enter(Job& job) {
  Partition& pool = partitions[job.spec.pool];
  if (job.live() != nullptr) {
    pool.ranking.user(job.spec.user).addRunning(taskOf(job));
  } else if (job.state == JobState::waiting) {
    pool.ranking.user(job.spec.user).addWaiting(taskOf(job));
  }
  ++counts[static_cast<std::size_t>(job.state)];
  changed.emplace(job.sequence, &job);
  if (job.state == JobState::completed) byCompletion[{job.completedMs, job.order}] = &job;
}

void Book::leave(Job& job) {
  Partition& pool = partitions[job.spec.pool];
  if (job.live() != nullptr) {
    pool.ranking.user(job.spec.user).removeRunning(taskOf(job));
  } else if (job.state == JobState::waiting) {
    pool.ranking.user(job.spec.user).removeWaiting(taskOf(job));
  }
  pool.ranking.tidy(job.spec.user);
  --counts[static_cast<std::size_t>(job.state)];
  changed.erase(job.sequence);
  byCompletion.erase({job.completedMs, job.order});
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
  job.sequence = nextSequence();
  enter(job);
  touch(job);
}

Job* Book::add(Job job) {
  if (jobs.contains(job.spec.id)) return nullptr;
  auto owned = std::make_unique<Job>(std::move(job));
  Job& added = *owned;
  jobs.emplace(added.spec.id, std::move(owned));
  for (const Instance& one : added.instances) tasks.emplace(one.taskId, &added);
  lastOrder = std::max(lastOrder, added.order);
  lastSequence = std::max(lastSequence, added.sequence);
  byUser[added.spec.user][{added.submittedMs, added.order}] = &added;
  if (added.spec.group) ++groups[*added.spec.group];
  enter(added);
  return &added;
}

void Book::settle(Job& job, std::int64_t nowMs) {
  if (nextState(job, limits_) != job.state) change(job, nowMs, [] {});
}

Job* Book::find(const Uuid& id) const {
  auto at = jobs.find(id);
  return at == jobs.end() ? nullptr : at->second.get();
}

Book::Found Book::findTask(const Uuid& taskId) const {
  auto at = tasks.find(taskId);
  if (at == tasks.end()) return {};
  return {at->second, at->second->find(taskId)};
}

Instance* Book::start(Job& job, const Uuid& taskId, const Seat& seat, std::int64_t nowMs) {
  if (job.state != JobState::waiting || job.live() != nullptr || tasks.contains(taskId)) {
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
    tasks.emplace(taskId, &job);
  });
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
  if (isTerminal(one.status) && one.endMs != 0) return false;
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
    if (!news.status || !mayBecome(one.status, *news.status)) return;
    one.status = *news.status;
    if (one.status == InstanceStatus::running && one.runningMs == 0) one.runningMs = news.atMs;
    if (!isTerminal(one.status)) return;
    one.endMs = std::max(news.atMs, one.startMs);
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

void Book::forget(Job& job) {
  if (job.state != JobState::completed || job.live() != nullptr) return;
  leave(job);
  changes.erase(&job);
  for (const Instance& one : job.instances) tasks.erase(one.taskId);
  auto user = byUser.find(job.spec.user);
  user->second.erase({job.submittedMs, job.order});
  if (user->second.empty()) byUser.erase(user);
  if (job.spec.group && --groups[*job.spec.group] == 0) groups.erase(*job.spec.group);
  jobs.erase(job.spec.id);
}

Usage Book::usage(const std::string& pool, const std::string& user) const {
  auto at = partitions.find(pool);
  if (at == partitions.end()) return {};
  auto tasks = at->second.ranking.all().find(user);
  return tasks == at->second.ranking.all().end() ? Usage{} : tasks->second.running();
}

Usage Book::usage(const std::string& pool) const {
  auto at = partitions.find(pool);
  Usage sum;
  if (at == partitions.end()) return sum;
  for (const auto& [user, tasks] : at->second.ranking.all()) sum += tasks.running();
  return sum;
}

std::vector<Job*> Book::liveJobs(const std::string& pool, const std::string& user) const {
  std::vector<Job*> found;
  auto at = partitions.find(pool);
  if (at == partitions.end()) return found;
  auto tasks = at->second.ranking.all().find(user);
  if (tasks == at->second.ranking.all().end()) return found;
  found.reserve(tasks->second.runningCount());
  tasks->second.eachRunning([&](const Task& task) { found.push_back(task.job); });
  return found;
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
