#pragma once
// A pool for tests of the rebalancer: tasks by name on hosts that are as large as what they hold.

#include "pool-world.h"

#include <gtest/gtest.h>

namespace maitred::cook {

using Names = std::vector<std::string>;

struct MemAndCpus {
  double mem, cpus;
};

class Rebalancing : public ::testing::Test, protected PoolWorld {
 protected:
  std::map<std::string, MemAndCpus> taken, spare;  // by host
  std::map<std::string, Job*> byName;
  RebalanceOptions rules{.queue = {.pool = POOL}, .preemptionMost = 128};

  void share(const char* user, double mem, double cpus, std::optional<double> gpus = {}) {
    book.shares(POOL).set(user, {mem, cpus, gpus});
  }
  Job& task(const char* name, const char* user, double mem, double cpus, const char* host) {
    Job made = make(user, cpus, mem);
    made.spec.name = name;
    Job& job = *(byName[name] = &add(std::move(made)));
    start(job, host);
    taken[host].mem += mem;
    taken[host].cpus += cpus;
    return job;
  }
  // Once all tasks are there: hosts that hold them and what is to spare.
  void build() {
    std::map<std::string, MemAndCpus> size = taken;
    for (const auto& [host, more] : spare) {
      size[host].mem += more.mem;
      size[host].cpus += more.cpus;
    }
    for (const auto& [host, all] : size) node(host, all.cpus, all.mem);
  }
  std::vector<Decision> decide() {
    return rebalance(book, nodes, builtInScorer(false), nullptr, rules, now).decisions;
  }
  static std::vector<std::string> names(const std::vector<Decision>& decisions) {
    std::vector<std::string> all;
    for (const Decision& one : decisions) {
      for (const Victim& victim : one.victims) all.push_back(victim.job->spec.name);
    }
    return all;
  }
  PreemptionState state() { return {book, nodes, rules.queue.pool, builtInScorer(false)}; }
  // Tasks by descending score.
  static std::vector<std::pair<std::string, double>> scored(const PreemptionState& state) {
    std::vector<std::pair<std::string, double>> all;
    for (const auto& user : state.users()) {
      for (auto index : user.inOrder) {
        const auto& task = state.tasks()[index];
        all.emplace_back(task.job->spec.name, task.score);
      }
    }
    std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.second > b.second; });
    return all;
  }
  static void expectScores(const PreemptionState& state,
                           const std::vector<std::pair<std::string, double>>& expected) {
    auto found = scored(state);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].first, expected[i].first);
      EXPECT_NEAR(found[i].second, expected[i].second, 1e-9) << found[i].first;
    }
  }
  static PreemptionState::Index indexOf(const PreemptionState& state, const std::string& name) {
    for (PreemptionState::Index i = 0; i < state.tasks().size(); ++i) {
      if (state.tasks()[i].job->spec.name == name) return i;
    }
    return PreemptionState::NONE;
  }
};

}  // namespace maitred::cook
