#include "preemption-watch.h"

#include "limit-watch.h"
#include "violation.h"

namespace maitred::simulation {
namespace {

using cook::BatchQueue;
using cook::Instance;
using cook::Job;

cook::Reservations& reservationsOf(BatchQueue& queue) {
  return static_cast<cook::ClusterOwner&>(queue).nodes().reservations();
}

// No job of a user has a higher score than all of them together.
double scoreOf(const cook::Usage& usage, const cook::Share& share) {
  return std::max(usage.cpus / share.cpus, usage.mem / share.mem);
}

}  // namespace

void PreemptionWatch::take(BatchQueue& queue) {
  seen.clear();
  preempted.clear();
  queue.book().each([&](const Job& job) {
    for (const Instance& one : job.instances) {
      seen.insert(one.taskId);
      if (one.preempted) preempted.insert(one.taskId);
    }
  });
}

void PreemptionWatch::read(BatchQueue& queue, const std::string& line) {
  static const std::string WORDS = " is stopped for job ";
  std::size_t at = line.find(WORDS);
  if (at == std::string::npos) return;
  auto id = cook::Uuid::parse(line.substr(at + WORDS.size(), 36));
  if (!id) throw Violation("the log names no job: " + line);
  favoured.emplace(*id, Favour{queue.book().find(*id)->instances.size()});
}

void PreemptionWatch::checkRest(BatchQueue& queue) const {
  if (!reservationsOf(queue).none()) throw Violation("a node is kept although all is at rest");
  for (const auto& [id, favour] : favoured) {
    const Job* job = queue.book().find(id);
    bool over = job->state == cook::JobState::completed;
    if (!favour.kept || over || job->instances.size() > favour.instances) continue;
    throw Violation("somebody was stopped for job " + id.text() + ", which has not started since");
  }
}

// A round supposes its own decisions: of jobs that run by then its victims are chosen. One that is
// over already may have come and gone between two looks.
void PreemptionWatch::takeWanted(BatchQueue& queue) {
  queue.book().each([&](const Job& job) {
    bool over = job.state == cook::JobState::completed && job.live() == nullptr;
    if (over && known.contains(job.spec.id)) return;
    wanted[{job.spec.pool.str(), job.spec.user.str()}].emplace(job.spec.id, job.usage());
  });
}

void PreemptionWatch::before(BatchQueue& queue) {
  wanted.clear();
  known.clear();
  queue.book().each([&](const Job& job) { known.insert(job.spec.id); });
  takeWanted(queue);
  for (const cook::Pool& pool : queue.pools().all()) {
    for (const std::string& user : USERS) {
      shares[{pool.name, user}] = queue.book().shares(pool.name).of(user);
    }
  }
  kept.clear();
  reservationsOf(queue).each([&](const std::string&, const cook::Uuid& job,
                                 const cook::NodeKey& node) {
    kept[node].insert(job);
    auto at = favoured.find(job);
    if (at != favoured.end()) at->second.kept = true;
  });
  generation = reservationsOf(queue).generation();
}

void PreemptionWatch::checkKept(const Job& job, const Instance& fresh) const {
  auto at = kept.find({fresh.cluster, fresh.nodeId});
  if (at == kept.end() || at->second.contains(job.spec.id)) return;
  throw Violation("job " + job.spec.id.text() + " was started on " + fresh.nodeId.str() +
                  ", which is kept for job " + at->second.begin()->text());
}

void PreemptionWatch::checkVictim(BatchQueue& queue, const Job& job, const Instance& one) {
  auto fail = [&](const std::string& what) {
    throw Violation(what + ": instance " + one.taskId.text() + " of " + job.spec.user.str());
  };
  const cook::RebalancerSettings& rules = queue.settings().rebalancer;
  if (!rules.isOn()) fail("preempted although the rebalancer is off");
  if (one.status != cook::InstanceStatus::failed || one.reason != cook::Reason::PREEMPTED) {
    fail("preempted, but its end is another");
  }
  Owner owner{job.spec.pool.str(), job.spec.user.str()};
  cook::Usage most;
  for (const auto& [id, usage] : wanted[owner]) most += usage;
  double score = std::max(scoreOf(most, shares[owner]),
                          scoreOf(most, queue.book().shares(owner.first).of(owner.second)));
  if (score < rules.safeScore - 1e-9) fail("preempted below the safe score");
}

void PreemptionWatch::after(BatchQueue& queue) {
  // Where nothing has changed, they held all the time.
  bool same = reservationsOf(queue).generation() == generation;
  std::vector<std::pair<const Job*, const Instance*>> fresh;
  queue.book().each([&](const Job& job) {
    for (const Instance& one : job.instances) {
      if (!seen.contains(one.taskId)) fresh.emplace_back(&job, &one);
    }
  });
  for (const auto& [job, one] : fresh) {
    if (!same || kept.empty()) continue;
    checkKept(*job, *one);
    ++keptCount;
  }
  takeWanted(queue);
  queue.book().each([&](const Job& job) {
    for (const Instance& one : job.instances) {
      if (!one.preempted || preempted.contains(one.taskId)) continue;
      checkVictim(queue, job, one);
      ++preemptedCount;
    }
  });
  take(queue);
}

}  // namespace maitred::simulation
