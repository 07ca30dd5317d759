#include "ledger.h"

namespace maitred::simulation {
namespace {

using cook::Amount;
using cook::Instance;
using cook::InstanceStatus;
using cook::JobState;
using cook::NodeKey;

bool isOver(InstanceStatus status) {
  return status == InstanceStatus::success || status == InstanceStatus::failed;
}

// The attempts that count: each one, but of those that are not the user's fault only what is
// beyond the limit of their reason.
std::int64_t consumed(const Job& job, const cook::MeaCulpaLimits& limits) {
  std::map<int, std::int64_t> byReason;
  for (const Instance& one : job.instances) {
    if (isOver(one.status)) ++byReason[one.reason];
  }
  std::int64_t sum = 0;
  for (auto [code, count] : byReason) {
    const cook::Reason* reason = code == 0 ? nullptr : cook::findReason(code);
    std::int64_t free = 0;
    if (reason != nullptr && reason->meaCulpa && !job.spec.disableMeaCulpa) {
      free = reason->ownLimit.value_or(limits.global);
      if (auto own = limits.byCode.find(code); own != limits.byCode.end()) free = own->second;
      if (free < 0) continue;
    }
    sum += std::max<std::int64_t>(0, count - free);
  }
  return sum;
}

// It may be said to be over while it goes on: nobody heard of it for too long. One that a user
// killed keeps that as its reason.
bool givenUp(const Instance& one) {
  return one.status == InstanceStatus::failed &&
         (one.reason == cook::Reason::NODE_SILENT || one.reason == cook::Reason::KILLED_BY_USER);
}

// Whether its task may succeed without the job hearing of it: it was given up, or it came to its
// end while the queue was stopping it, for another job or because it ran too long.
bool mayBeLost(const Instance& one) {
  bool stopped = one.preempted || one.reason == cook::Reason::MAX_RUNTIME;
  return givenUp(one) || (one.status == InstanceStatus::failed && stopped);
}

}  // namespace

std::string Ledger::describe(const Job& job) {
  std::string text = job.spec.id.text().substr(0, 8) + ":" + cook::name(job.state);
  for (const Instance& one : job.instances) {
    text += " " + one.taskId.text().substr(0, 8) + "@" + one.cluster + "/" + one.nodeId + "=" +
            cook::name(one.status) + "(" + std::to_string(one.reason) + ")" +
            std::to_string(one.endMs);
  }
  return text;
}

std::size_t Ledger::submitted(const std::vector<JobSpec>& specs) {
  Submission submission;
  for (const JobSpec& spec : specs) {
    Known& known = jobs[spec.id];
    known.spec = spec;
    known.maxRetries = Promised<std::int64_t>(spec.maxRetries);
    submission.ids.push_back(spec.id);
  }
  submissions.push_back(std::move(submission));
  return submissions.size() - 1;
}

void Ledger::accepted(std::size_t submission) {
  submissions.at(submission).accepted = true;
  for (const Uuid& id : submissions[submission].ids) jobs.at(id).accepted = true;
}

std::size_t Ledger::killAsked(const Uuid& job) {
  jobs.at(job).killAsked = true;
  return jobs.at(job).revivals;
}

void Ledger::killAccepted(const Uuid& job, std::size_t number) {
  Known& known = jobs.at(job);
  if (known.revivals == number) known.killAccepted = true;
}

std::size_t Ledger::retriesAsked(const Uuid& job, std::int64_t maxRetries) {
  Known& known = jobs.at(job);
  ++known.revivals;
  known.killAccepted = known.completed = false;
  return known.maxRetries.asked(maxRetries);
}

std::size_t Ledger::quotaAsked(const cook::LimitKey& key, std::optional<cook::QuotaRow> row) {
  return quotas[key].asked(std::move(row));
}

std::vector<Uuid> Ledger::acceptedJobs() const {
  std::vector<Uuid> ids;
  for (const auto& [id, known] : jobs) {
    if (known.accepted) ids.push_back(id);
  }
  return ids;
}

void Ledger::truth(const std::string& site, const backend::TaskKey& key,
                   const backend::Status& status, bool recorded) {
  Task& task = tasks[*Uuid::parse(key.taskId)];
  if (backend::isTerminal(task.state) && task.state != status.state) {
    throw Violation("the simulated task " + key.taskId + " has two ends");
  }
  if (!task.site.empty() && task.site != site) {
    throw Violation("a task in two places: " + key.taskId + " in " + task.site + " and " + site);
  }
  task.site = site;
  task.node = status.nodeId;
  task.state = status.state;
  task.recorded |= recorded;
}

void Ledger::check(Book& book, std::uint64_t durableSequence, const cook::MeaCulpaLimits& limits) {
  book.each([&](const Job& job) { checkJob(job, job.sequence <= durableSequence, limits); });
  for (const auto& [id, known] : jobs) {
    if (known.accepted && book.find(id) == nullptr) {
      throw Violation("an accepted job is lost: " + id.text());
    }
  }
  checkGroups(book);
  hearSilence(book);
  checkPlaces(book);
  checkRoom(book);
  checkRanking(book);
}

void Ledger::checkJob(const Job& job, bool durable, const cook::MeaCulpaLimits& limits) {
  auto fail = [&](const std::string& what) { throw Violation(what + ": " + describe(job)); };
  auto at = jobs.find(job.spec.id);
  if (at == jobs.end()) fail("a job that nobody submitted");
  Known& known = at->second;
  int alive = 0, unended = 0, successes = 0;
  for (const Instance& one : job.instances) {
    alive += !isOver(one.status);
    unended += !one.over();
    successes += one.status == InstanceStatus::success;
    owners[one.taskId] = job.spec.id;
  }
  if (alive > 1) fail("a job with two live instances");
  if (unended > 1) fail("started again before the task that was stopped has ended");
  if (successes > 1) fail("a job that succeeded twice");
  if (!known.maxRetries.any([&](std::int64_t one) { return one == job.spec.maxRetries; })) {
    fail("a number of attempts that nobody asked for");
  }
  bool used = consumed(job, limits) >= job.spec.maxRetries;
  bool completed = job.state == JobState::completed;
  if (successes > 0 && !completed) fail("a success that does not complete its job");
  if (completed && successes == 0 && !known.killAsked && (alive > 0 || !used)) {
    fail("completed without success, kill, or an end of its attempts");
  }
  if (!completed && alive == 0 && used) fail("goes on although its attempts are used up");
  if (!completed && (alive > 0) != (job.state == JobState::running)) {
    fail("running without an instance, or an instance without running");
  }
  if (known.killAccepted && !completed) fail("a killed job came back");
  if (known.completed && !completed) fail("a completed job came back");
  checkEnds(job, durable);
  if (durable && completed) known.completed = true;
}

void Ledger::checkEnds(const Job& job, bool durable) {
  auto fail = [&](const std::string& what) { throw Violation(what + ": " + describe(job)); };
  for (const Instance& one : job.instances) {
    if (!isOver(one.status)) {
      if (ends.contains(one.taskId)) fail("an end that was durable is gone");
      continue;
    }
    End end{one.status, one.reason, one.endMs, one.exitCode};
    auto before = ends.find(one.taskId);
    if (before != ends.end()) {
      // One that was stopped has failed before its task has ended.
      End first = before->second;
      bool open = first.endMs == 0;
      if (open) first = {first.status, first.reason, end.endMs, end.exitCode};
      if (first != end) fail("a second end has replaced the first");
      if (open && durable) before->second = end;
    } else if (durable) {
      ends.emplace(one.taskId, end);
    }
  }
}

void Ledger::checkGroups(const Book& book) const {
  std::map<Uuid, std::set<Uuid>> members;
  for (const auto& [id, known] : jobs) {
    const Job* job = book.find(id);
    if (job == nullptr || !known.spec.group) continue;
    const cook::GroupSpec& wanted = groups.at(*known.spec.group);
    if (job->spec.group != known.spec.group || !(job->spec.groupName == wanted.name)) {
      throw Violation("a job is in another group: " + describe(*job));
    }
    members[wanted.id].insert(id);
  }
  for (const auto& [id, ids] : members) {
    const cook::GroupSpec* group = book.group(id);
    if (group == nullptr || !(*group == groups.at(id))) {
      throw Violation("a group is not what it was when it was accepted: " + id.text());
    }
    std::set<Uuid> there;
    for (const Job* job : book.jobsOf(id)) there.insert(job->spec.id);
    if (there != ids) throw Violation("a group has other jobs than it should: " + id.text());
  }
}

void Ledger::checkQuotas(const cook::Entitlements& entitlements) const {
  for (const auto& [key, promised] : quotas) {
    bool given = entitlements.quotas.isGiven(key);
    auto present = entitlements.quotas.own(key.user, key.pool);
    bool good = promised.any([&](const std::optional<cook::QuotaRow>& row) {
      return row ? given && present == *row : !given;
    });
    if (!good) throw Violation("a quota that was set is not in force: of " + key.user);
  }
}

void Ledger::hearSilence(const Book& book) {
  book.each([&](const Job& job) {
    for (const Instance& one : job.instances) {
      if (one.over()) continue;
      if (one.unreachableMs != 0) {
        silent.insert(one.taskId);
      } else {
        silent.erase(one.taskId);
      }
    }
  });
}

// One that the queue was stopping when its node fell silent keeps the reason of that.
bool Ledger::isGivenUp(const Instance& one) const {
  bool isStopped = one.preempted || one.reason == cook::Reason::MAX_RUNTIME ||
                   one.reason == cook::Reason::STRAGGLER;
  return givenUp(one) || (isStopped && one.over() && silent.contains(one.taskId));
}

void Ledger::checkPlaces(const Book& book) {
  std::map<Uuid, int> alive, succeeded;
  for (const auto& [id, task] : tasks) {
    auto found = book.findTask(id);
    bool over = backend::isTerminal(task.state);
    if (!over && !found) throw Violation("a task runs that the queue does not know: " + id.text());
    if (!over && !isGivenUp(*found.instance) && ++alive[found.job->spec.id] > 1) {
      throw Violation("a job in two places: " + describe(*found.job));
    }
    if (task.state != backend::TaskState::SUCCEEDED) continue;
    if (!found) throw Violation("a success that the queue does not know: " + id.text());
    if (!mayBeLost(*found.instance) && ++succeeded[found.job->spec.id] > 1) {
      throw Violation("a job ran twice to its good end: " + describe(*found.job));
    }
    if (task.recorded && found.instance->status != InstanceStatus::success &&
        !mayBeLost(*found.instance)) {
      throw Violation("a success is lost: " + describe(*found.job));
    }
  }
}

void Ledger::checkRoom(const Book& book) {
  std::map<NodeKey, Amount> real, believed;
  for (const auto& [id, task] : tasks) {
    if (!backend::isTerminal(task.state)) {
      real[{task.site, task.node}] += Amount::of(jobs.at(owners.at(id)).spec);
    }
  }
  book.each([&](const Job& job) {
    if (const Instance* one = job.unended()) {
      believed[{one->cluster, one->nodeId}] += Amount::of(job.spec);
    }
  });
  for (const auto* view : {&real, &believed}) {
    for (const auto& [key, used] : *view) {
      const Amount& all = capacities.at(key);
      if (used.cpuMillis > all.cpuMillis || used.memBytes > all.memBytes) {
        throw Violation("more on " + key.cluster + "/" + key.nodeId + " than it holds, " +
                        (view == &real ? "really" : "by the book"));
      }
    }
  }
}

void Ledger::checkRanking(Book& book) {
  std::size_t queued = book.postponedCount();
  std::map<std::string, std::int64_t> live;
  for (const cook::Pool& pool : book.pools().all()) {
    queued += book.ranking(pool.name).waitingCount();
    live[pool.name] = 0;
  }
  // One that was stopped is not started again before its task has ended.
  book.each([&](const Job& job) {
    queued += job.state == JobState::waiting && job.unended() != nullptr;
  });
  if (queued != book.count(JobState::waiting)) throw Violation("a waiting job is not in the queue");
  book.each([&](const Job& job) { live[job.spec.pool] += job.live() != nullptr; });
  for (const auto& [pool, count] : live) {
    if (book.usage(pool).count == count) continue;
    throw Violation("the queue's running jobs are not the book's in pool " + pool);
  }
}

void Ledger::checkRestart(const Book& book) {
  for (const Submission& one : submissions) {
    std::size_t there = 0;
    for (const Uuid& id : one.ids) there += book.find(id) != nullptr;
    if (there != 0 && there != one.ids.size()) throw Violation("half a submission was kept");
  }
  for (const auto& [id, end] : ends) {
    if (!book.findTask(id)) throw Violation("an instance that was durable is gone: " + id.text());
  }
  for (const auto& [id, task] : tasks) {
    auto found = book.findTask(id);
    if (!task.recorded) continue;
    bool ran = task.state != backend::TaskState::NOT_STARTED;
    if (ran && !found) throw Violation("the backend was told to forget " + id.text());
    if (found && !isOver(found.instance->status)) {
      throw Violation("the backend was told that this is kept: " + describe(*found.job));
    }
  }
}

void Ledger::checkEnd(const Book& book) {
  for (const Submission& one : submissions) {
    for (const Uuid& id : one.ids) {
      const Job* job = book.find(id);
      if (job == nullptr) continue;  // then it was never accepted, see check()
      if (job->state != JobState::completed) throw Violation("never ends: " + describe(*job));
      if (job->live() != nullptr) throw Violation("an instance never ends: " + describe(*job));
    }
  }
  for (const auto& [id, task] : tasks) {
    if (!task.recorded) throw Violation("never recorded: " + id.text() + " on " + task.site);
  }
}

}  // namespace maitred::simulation
