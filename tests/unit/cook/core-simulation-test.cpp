// The core under seeded faults: launches refused now and late, tasks lost, duplicate and late
// reports, nodes that vanish and return, kills at any moment. After each step the invariants hold;
// without faults all drains.
#include <core/cycle.h>

#include <gtest/gtest.h>

#include <random>

namespace maitred::cook {
namespace {

constexpr std::int64_t MIB = 1024 * 1024;

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random(seed) {
    for (int i = 0; i < 4; ++i) addNode(i);
  }

  void step(bool faults) {
    now += 1 + random() % 50;
    if (faults && submitted < 200) submit(1 + random() % 5);
    if (faults) disturbNodes();
    CycleResult result = runCycle(book, nodes, dru, nullptr, {}, now, [this] { return newId(); });
    for (const auto& one : result.started) launched(one, faults);
    reportSome(faults);
    if (faults && chance(10)) killSome();
    check();
  }

  bool drained() const { return book.count(JobState::completed) == book.size(); }
  std::size_t size() const { return book.size(); }

 private:
  struct Alive {
    Job* job;
    NodeKey node;
  };
  std::mt19937_64 random;
  Book book;
  NodeTable nodes;
  DominantResource dru;
  std::int64_t now = 1000;
  std::uint64_t ids = 0;
  int submitted = 0;
  std::map<Uuid, Alive> alive;  // by the backend's knowledge
  std::vector<Uuid> over;
  std::map<Uuid, int> successes;
  std::uint64_t generation = 1;

  bool chance(int percent) { return static_cast<int>(random() % 100) < percent; }
  Uuid newId() { return {random(), ++ids}; }

  void addNode(int i) {
    NodeFacts facts{
        {"sim", "n" + std::to_string(i)}, "h", {4000, 4096 * MIB, 100}, 0, true, {}, ""};
    nodes.put(facts, {facts.capacity, 0, ++generation});
    tell(facts.key);
  }
  void tell(const NodeKey& key) {
    Node* node = nodes.find(key);
    if (node == nullptr) return;
    Amount left = node->facts.capacity;
    for (const auto& [id, one] : alive) {
      if (one.node != key) continue;
      Amount used = Amount::of(one.job->spec);
      left = {left.cpuMillis - used.cpuMillis, left.memBytes - used.memBytes, left.ports};
    }
    nodes.setRoom(key, {left, 0, ++generation});
  }
  void submit(int count) {
    for (int i = 0; i < count; ++i, ++submitted) {
      Job job;
      job.spec.id = newId();
      job.spec.user = std::string("user") + static_cast<char>('a' + random() % 5);
      job.spec.cpus = (1 + random() % 30) / 10.0;
      job.spec.mem = 1 + random() % 3000;
      job.spec.priority = random() % 3;
      job.spec.maxRetries = 1 + random() % 3;
      job.order = book.nextOrder();
      job.sequence = book.nextSequence();
      job.submittedMs = job.waitingSinceMs = now;
      book.add(std::move(job));
    }
  }
  void launched(const CycleResult::Started& one, bool faults) {
    if (faults && chance(10)) {  // refused
      nodes.letGo(one.node, one.taskId);
      nodes.refused(one.node, now, 0);
      book.withdraw(one.taskId, now);
      book.postpone(*one.job, now);
      return;
    }
    EXPECT_TRUE(alive.emplace(one.taskId, Alive{one.job, one.node}).second);
    if (chance(50)) tell(one.node);
  }
  void report(const Uuid& id, InstanceStatus status, int reason) {
    Report news;
    news.status = status;
    news.reason = reason;
    news.atMs = now;
    bool first = book.report(id, news, now);
    if (first && status == InstanceStatus::success) {
      auto found = book.findTask(id);
      EXPECT_EQ(++successes[found.job->spec.id], 1) << "a job succeeded twice";
    }
  }
  void finish(const Uuid& id, InstanceStatus status, int reason) {
    Alive one = alive.at(id);
    alive.erase(id);
    over.push_back(id);
    nodes.letGo(one.node, id);
    report(id, status, reason);
    tell(one.node);
  }
  void reportSome(bool faults) {
    std::vector<Uuid> ids;
    for (const auto& [id, one] : alive) ids.push_back(id);
    for (const Uuid& id : ids) {
      if (chance(30)) report(id, InstanceStatus::running, 0);
      if (!chance(30)) continue;
      if (faults && chance(20)) {  // late refusal
        Alive one = alive.at(id);
        if (book.findTask(id).instance->status == InstanceStatus::unknown) {
          alive.erase(id);
          nodes.letGo(one.node, id);
          book.withdraw(id, now);
          tell(one.node);
          continue;
        }
      }
      bool fails = faults && chance(30);
      finish(id, fails ? InstanceStatus::failed : InstanceStatus::success,
             fails ? (chance(50) ? Reason::NON_ZERO_EXIT : Reason::NODE_REMOVED) : 0);
    }
    if (faults && !over.empty()) {  // a duplicate, saying something else
      report(over[random() % over.size()], InstanceStatus::failed, Reason::NON_ZERO_EXIT);
      report(over[random() % over.size()], InstanceStatus::running, 0);
    }
  }
  void disturbNodes() {
    int i = random() % 4;
    NodeKey key{"sim", "n" + std::to_string(i)};
    if (chance(5) && nodes.find(key) != nullptr) {
      nodes.remove(key);
      std::vector<Uuid> lost;
      for (const auto& [id, one] : alive) {
        if (one.node == key) lost.push_back(id);
      }
      for (const Uuid& id : lost) finish(id, InstanceStatus::failed, Reason::NODE_REMOVED);
    } else if (chance(30) && nodes.find(key) == nullptr) {
      addNode(i);
    }
  }
  void killSome() {
    book.each([&](Job& job) {
      if (job.state != JobState::completed && chance(3)) book.kill(job, now);
    });
  }

  void check() {
    std::size_t waiting = 0, ranked = 0, live = 0;
    std::map<NodeKey, std::int64_t> cpus;
    book.each([&](Job& job) {
      waiting += job.state == JobState::waiting;
      int lives = 0;
      for (const Instance& one : job.instances) lives += !isTerminal(one.status);
      EXPECT_LE(lives, 1) << "a job in two places";
      live += lives;
      EXPECT_EQ(job.state == JobState::running && lives == 0, false);
      if (job.state == JobState::completed && std::string_view(outcome(job)) == "success") {
        EXPECT_EQ(successes[job.spec.id], 1);
      }
    });
    for (const auto& [user, held] : book.ranking("").users()) ranked += held.tasks.waitingCount();
    EXPECT_EQ(ranked, book.ranking("").waitingCount());
    ranked += book.postponedCount();
    EXPECT_EQ(waiting, ranked);
    EXPECT_EQ(live, alive.size());
    for (const auto& [id, one] : alive) cpus[one.node] += Amount::of(one.job->spec).cpuMillis;
    for (const auto& [key, used] : cpus) EXPECT_LE(used, 4000) << key.nodeId;
    for (const auto& change : book.takeChanges(1'000'000)) EXPECT_NE(change.job, nullptr);
  }

 public:
  void restoreNodes() {
    for (int i = 0; i < 4; ++i) {
      if (nodes.find({"sim", "n" + std::to_string(i)}) == nullptr) addNode(i);
    }
    now += 60'000;  // every pause after a refusal is over
  }
};

class Seeded : public ::testing::TestWithParam<int> {};

TEST_P(Seeded, InvariantsHoldAndEverythingDrains) {
  Simulation simulation(GetParam());
  for (int i = 0; i < 150 && !::testing::Test::HasFailure(); ++i) simulation.step(true);
  simulation.restoreNodes();
  for (int i = 0; i < 2000 && !simulation.drained() && !::testing::Test::HasFailure(); ++i) {
    simulation.step(false);
  }
  EXPECT_TRUE(simulation.drained()) << "seed " << GetParam();
  EXPECT_GE(simulation.size(), 150u);
}
INSTANTIATE_TEST_SUITE_P(Short, Seeded, ::testing::Range(1, 41));

}  // namespace
}  // namespace maitred::cook
