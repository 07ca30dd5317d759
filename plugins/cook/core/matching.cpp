#include "matching.h"

#include <algorithm>

namespace maitred::cook {
namespace {

// Differences of fitness below it come from the order of the operations alone.
constexpr double ROUNDING = 1e-9;

}  // namespace

double binPacking(const FitnessInput& in) {
  return ((in.usedCpus + in.jobCpus) / in.totalCpus + (in.usedMem + in.jobMem) / in.totalMem) / 2;
}

Matcher::Matcher(const Book& book, NodeTable& nodes, Fitness* fitness, const MatchOptions& options)
    : book(book),
      nodes(nodes),
      fitness(fitness),
      options(options),
      pool(book.pools().find(options.pool)),
      smallest(nodes.smallest(options.pool)) {}

bool Matcher::isHopeless(const Amount& wanted) const {
  return std::any_of(hopeless.begin(), hopeless.end(),
                     [&](const Amount& known) { return known.fitsIn(wanted); });
}

double Matcher::fitnessOf(const JobSpec& spec, const Node& node, const Amount& free,
                          const Amount& wanted) {
  constexpr double MIB = 1024 * 1024;
  const Amount& total = node.facts.capacity;
  FitnessInput input{(total.cpuMillis - free.cpuMillis) / 1000.0,
                     (total.memBytes - free.memBytes) / MIB,
                     wanted.cpuMillis / 1000.0,
                     wanted.memBytes / MIB,
                     total.cpuMillis / 1000.0,
                     total.memBytes / MIB,
                     &spec,
                     &node};
  if (fitness != nullptr) {
    if (auto value = fitness->of(input)) return *value;
    fitness = nullptr;  // for the rest of this pass, so that its scores stay comparable
  }
  return binPacking(input);
}

bool Matcher::isClosed(const Node& node) const {
  const std::set<std::string>& resting = options.rules.resting;
  return node.closedUntilMs > options.steadyMs ||
         (!resting.empty() && resting.contains(node.facts.key.cluster));
}

Constraints Matcher::constraintsOf(const Job& job, GroupPlacement* group) const {
  return Constraints(job, {book, nodes, pool, options.rules, options.nowMs}, group);
}

GroupPlacement* Matcher::groupOf(const Job& job) {
  if (!job.spec.group) return nullptr;
  auto at = groups.find(*job.spec.group);
  if (at != groups.end()) return &at->second;
  const GroupSpec* spec = book.group(*job.spec.group);
  if (spec == nullptr || spec->placement.type == HostPlacement::Type::all) return nullptr;
  GroupPlacement placement(*spec, book.cohosts(spec->id), nodes);
  return &groups.emplace(spec->id, std::move(placement)).first->second;
}

Matcher::Best Matcher::search(const Amount& wanted, const Constraints& constraints,
                              const NodeKey* only) {
  // No node can become fuller by this job than by so much.
  double gainMost = 2;
  if (smallest.cpuMillis > 0 && smallest.memBytes > 0) {
    gainMost = (static_cast<double>(wanted.cpuMillis) / smallest.cpuMillis +
                static_cast<double>(wanted.memBytes) / smallest.memBytes) /
               2;
  }
  Best best;
  nodes.eachOpen(options.pool, wanted, [&](Node& node, const Amount& free) {
    if (fitness == nullptr && best.node != nullptr &&
        NodeTable::fullness(node) + gainMost <= best.fitness + ROUNDING) {
      return false;
    }
    if (isClosed(node)) return true;
    if (only != nullptr && node.facts.key != *only) return true;
    if (auto obstacle = constraints.against(node)) {
      best.refusedAsNotNovel = best.refusedAsNotNovel || *obstacle == Obstacle::novelHost;
      return true;
    }
    double value = fitnessOf(constraints.spec(), node, free, wanted);
    if (value < 0) {
      best.declined = true;
      return true;
    }
    if (value > best.fitness) {
      best.node = &node;
      best.fitness = value;
    }
    return best.fitness <= options.goodEnough;
  });
  return best;
}

bool Matcher::isNovelSomewhere(const Amount& wanted, const Constraints& constraints) {
  return nodes.couldHold(options.pool, wanted,
                         [&](const Node& node) { return constraints.couldEverRunOn(node); });
}

Node* Matcher::find(const Job& job, const NodeKey* only) {
  Amount wanted = Amount::of(job.spec);
  declined_ = false;
  // What is reserved for a job, and nodes with gpus, are open to it alone.
  const Reservations& reservations = nodes.reservations();
  bool privileged = wanted.gpus != 0 || (!reservations.none() &&
                                         reservations.of(options.pool, job.spec.id) != nullptr);
  if (!privileged && isHopeless(wanted)) return nullptr;
  GroupPlacement* group = groupOf(job);
  Constraints constraints = constraintsOf(job, group);
  Best best = search(wanted, constraints, only);
  if (best.node == nullptr && best.refusedAsNotNovel && !options.rules.novelHostAlways &&
      !isNovelSomewhere(wanted, constraints)) {
    constraints.forgiveNovelHost();
    best = search(wanted, constraints, only);
  }
  if (best.node != nullptr) {
    if (group != nullptr) group->add(*best.node);
  } else if (best.declined) {
    declined_ = true;  // what was declined to this job may be given to the next one
  } else if (constraints.isCommon()) {
    hopeless.push_back(wanted);
  }
  return best.node;
}

bool Matcher::couldEver(const Job& job) {
  Constraints constraints = constraintsOf(job, nullptr);
  constraints.forgiveNovelHost();
  return nodes.couldHold(options.pool, Amount::of(job.spec),
                         [&](const Node& node) { return constraints.couldEverRunOn(node); });
}

std::optional<RefusalSummary> Matcher::explain(const Job& job) {
  Amount wanted = Amount::of(job.spec);
  Constraints constraints = constraintsOf(job, groupOf(job));
  RefusalSummary summary;
  summary.atMs = options.nowMs;
  for (const auto& [key, node] : nodes.all()) {
    if (node->facts.pool != options.pool) continue;
    ++summary.hostsAsked;
    bool any = false;
    auto add = [&](Obstacle obstacle) {
      summary.add(obstacle);
      any = true;
    };
    Amount free = node->free();
    if (wanted.cpuMillis > free.cpuMillis) add(Obstacle::cpus);
    if (wanted.memBytes > free.memBytes) add(Obstacle::mem);
    if (wanted.gpus > free.gpus) add(Obstacle::gpus);
    if (wanted.ports > free.ports) add(Obstacle::ports);
    if (node->isFull()) add(Obstacle::maxTasks);
    if (!node->facts.ready || isClosed(*node)) add(Obstacle::closed);
    constraints.eachAgainst(*node, add);
    if (!any) return std::nullopt;
  }
  return summary;
}

}  // namespace maitred::cook
