#include "compare.h"

#include <functional>

namespace maitred::cook {
namespace {

std::string jobText(const Replica& replica, std::uint64_t order) {
  const Job* job = replica.job(order);
  if (job == nullptr) return "job number " + std::to_string(order) + ", which is not known,";
  return "job " + job->spec.id.text() + " of " + job->spec.user;
}

std::string startText(const Replica& replica, std::size_t at, std::uint64_t job,
                      std::uint64_t node, std::uint64_t generation) {
  const Node* where = replica.node(node);
  return "decision " + std::to_string(at + 1) + ": " + jobText(replica, job) + " on " +
         (where == nullptr ? "node number " + std::to_string(node) : where->facts.key.nodeId) +
         " by room " + std::to_string(generation);
}

std::string nothing(std::size_t at) {
  return "decision " + std::to_string(at + 1) + ": none";
}

const char* yesNo(bool value) {
  return value ? "yes" : "no";
}

casefile::HeadNote noteOf(HeadRule::Note note) {
  switch (note) {
    case HeadRule::Note::none:
      return casefile::HeadNote::NONE;
    case HeadRule::Note::stuck:
      return casefile::HeadNote::STUCK;
    case HeadRule::Note::gaveUp:
      return casefile::HeadNote::GAVE_UP;
  }
  return casefile::HeadNote::NONE;
}

using Same = std::function<bool(casefile::Start::Reader, const CycleResult::Started&)>;

std::optional<Differing> firstStart(const Replica& replica, casefile::Cycle::Reader recorded,
                                    const CycleResult& replayed, const Same& same) {
  auto told = recorded.getOutcome().getStarted();
  std::size_t count = std::max<std::size_t>(told.size(), replayed.started.size());
  for (std::size_t i = 0; i < count; ++i) {
    bool one = i < told.size(), other = i < replayed.started.size();
    if (one && other && same(told[i], replayed.started[i])) continue;
    Differing differing{nothing(i), nothing(i)};
    if (one) {
      differing.recorded = startText(replica, i, told[i].getJob(), told[i].getNode(),
                                     told[i].getGeneration());
    }
    if (other) {
      const auto& its = replayed.started[i];
      differing.replayed = startText(replica, i, its.job->order, its.nodeNumber, its.generation);
    }
    return differing;
  }
  return std::nullopt;
}

std::string offensiveText(const Replica& replica, const std::vector<std::uint64_t>& orders) {
  if (orders.empty()) return "no job above the limits of a single one";
  std::string text = "above the limits of a single job:";
  for (std::uint64_t order : orders) text += " " + jobText(replica, order);
  return text;
}

}  // namespace

std::optional<Differing> differenceOfStarts(const Replica& replica,
                                            casefile::Cycle::Reader recorded,
                                            const CycleResult& replayed) {
  return firstStart(replica, recorded, replayed, [](auto told, const auto& its) {
    return told.getJob() == its.job->order && told.getNode() == its.nodeNumber;
  });
}

std::optional<Differing> difference(const Replica& replica, casefile::Cycle::Reader recorded,
                                    const CycleResult& replayed) {
  auto told = recorded.getOutcome();
  auto flag = [](const char* what, bool before, bool now) -> std::optional<Differing> {
    if (before == now) return std::nullopt;
    std::string text = std::string(what) + ": ";
    return Differing{text + yesNo(before), text + yesNo(now)};
  };
  // First what explains the rest.
  if (auto found = flag("the policy failed", told.getPolicyFailed(), replayed.policyFailed)) {
    return found;
  }
  auto start = firstStart(replica, recorded, replayed, [](auto one, const auto& its) {
    return one.getJob() == its.job->order && one.getNode() == its.nodeNumber &&
           one.getGeneration() == its.generation;
  });
  if (start) return start;
  if (told.getConsidered() != replayed.considered) {
    return Differing{"jobs considered: " + std::to_string(told.getConsidered()),
                     "jobs considered: " + std::to_string(replayed.considered)};
  }
  std::vector<std::uint64_t> before, now;
  for (std::uint64_t order : told.getOffensive()) before.push_back(order);
  for (const Job* job : replayed.offensive) now.push_back(job->order);
  if (before != now) {
    return Differing{offensiveText(replica, before), offensiveText(replica, now)};
  }
  if (auto found = flag("more jobs to consider", told.getMore(), replayed.more)) return found;
  if (auto found = flag("waiting for launch rates", told.getRateLimited(),
                        !replayed.rateLimited.empty())) {
    return found;
  }
  if (told.getNote() != noteOf(replayed.head)) {
    return Differing{"note of the head rule: " + std::to_string(static_cast<int>(told.getNote())),
                     "note of the head rule: " +
                         std::to_string(static_cast<int>(noteOf(replayed.head)))};
  }
  return std::nullopt;
}

}  // namespace maitred::cook
