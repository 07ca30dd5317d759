// Lua policies as Scorer and Fitness: which of them get tables, and what is in these.

#include <policy/deciders.h>

#include <core/cycle.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

constexpr std::int64_t MEBIBYTE = 1024 * 1024;

class PolicyDeciders : public ::testing::Test {
 protected:
  Book book;
  NodeTable nodes;
  PolicyTables tables;
  std::uint64_t ids = 0;
  std::string failures;

  lua::PolicySlot slot(const std::string& kind, const std::string& function) {
    lua::PolicySlot slot({.kind = kind, .onReport = [this](const lua::Report& report) {
                            failures += report.text() + "\n";
                          }});
    auto loaded = slot.install(lua::Policy::loadText(
        "test.lua", "return { kind = '" + kind + "', version = 1, " + function + " }",
        slot.policyOptions()));
    EXPECT_TRUE(loaded) << loaded.text();
    return slot;
  }
  Job& waiting(const char* user, double cpus) {
    Job job;
    job.spec.id = {1, ++ids};
    job.spec.user = user;
    job.spec.cpus = cpus;
    job.spec.mem = 64;
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    return *book.add(std::move(job));
  }
  void node(const char* id, const char* rack, double cpus = 8) {
    NodeFacts facts;
    facts.key = {"local", id};
    facts.hostname = id;
    facts.capacity = {static_cast<std::int64_t>(cpus * 1000), 64 * 1024 * MEBIBYTE, 100, 0};
    facts.attributes = {{"rack", {rack}}};
    nodes.put(facts, {facts.capacity, 0, 1});
  }
  void begin(PolicyClock clock = {1'700'000'000'000, 22.5, 5}) {
    tables.begin({&book, &nodes, "", clock});
  }
  std::vector<std::string> placed(Fitness& fitness) {
    DominantResource dru;
    std::vector<std::string> out;
    CycleOptions options;
    options.goodEnough = 1;
    for (auto& one : runCycle(book, nodes, dru, &fitness, options, 0,
                              [this] { return Uuid{3, ++ids}; }).started) {
      out.push_back(one.node.nodeId);
    }
    return out;
  }
};

constexpr const char* NUMBERS =
    "mem, cpus, gpus, share_mem, share_cpus, share_gpus, priority, submitted_ms";

TEST_F(PolicyDeciders, AScoreMayLookAtTheJobAndTheTime) {
  auto policy = slot("fairness", "score = function(" + std::string(NUMBERS) + R"(, job)
    assert(job.hour == 22.5 or job.hour == 14.5)
    return #job.user + job.weekday * 10 + (job.runtime_ms or 0) + job.pool_cpus * 1000
  end)");
  LuaScorer scorer(policy, tables);
  EXPECT_TRUE(scorer.wantsJob());
  node("n1", "r1");
  node("n2", "r1");
  begin();
  Job& job = waiting("ana", 1);
  job.spec.maxRuntimeMs = 7;
  ScoreInput input{1, 1, 0, 1, 1, 1, 50, 0, &job.spec};
  double score = 0;
  ASSERT_TRUE(scorer.score({&input, 1}, {&score, 1})) << failures;
  EXPECT_EQ(score, 3 + 50 + 7 + 16'000);
  job.spec.extra = R"({"expected_runtime": 5})";  // what the user expects goes before
  ASSERT_TRUE(scorer.score({&input, 1}, {&score, 1}));
  EXPECT_EQ(score, 3 + 50 + 5 + 16'000);
}

TEST_F(PolicyDeciders, OneThatNamesOnlyNumbersGetsNumbers) {
  auto policy = slot("fairness", "score = function(" + std::string(NUMBERS) + ") return cpus end");
  LuaScorer scorer(policy, tables);
  EXPECT_FALSE(scorer.wantsJob());
  ScoreInput input{1, 3, 0, 1, 1, 1, 50, 0};
  double score = 0;
  ASSERT_TRUE(scorer.score({&input, 1}, {&score, 1}));
  EXPECT_EQ(score, 3);
}

constexpr const char* FITNESS =
    "fitness = function(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem, job, node)";

TEST_F(PolicyDeciders, PeersAreCountedWhileARoundPlaces) {
  auto policy = slot("placement", std::string(FITNESS) + R"(
    return 1 / (1 + ((job.peers_by.rack or {})[node.attributes.rack] or 0))
  end)");
  LuaFitness fitness(policy, tables);
  node("n1", "r1");
  node("n2", "r1");
  node("n3", "r2");
  Job& runs = waiting("ana", 1);
  book.start(runs, {2, ++ids}, {"local", "n3", "n3"}, 1);
  for (int i = 0; i < 3; ++i) waiting("ana", 1);
  begin();
  auto where = placed(fitness);
  ASSERT_EQ(where.size(), 3u) << failures;
  EXPECT_NE(where[0], "n3") << "one of ana's runs in that rack";
  EXPECT_EQ(std::count(where.begin(), where.end(), "n3"), 1) << "then the racks take turns";
}

TEST_F(PolicyDeciders, ADeclinedJobHoldsUpNobody) {
  auto policy = slot("placement", std::string(FITNESS) + R"(
    return job.user ~= "ana" and 0.5
  end)");
  LuaFitness fitness(policy, tables);
  node("n1", "r1", 2);
  waiting("ana", 1);
  Job& ben = waiting("ben", 1);
  begin();
  EXPECT_EQ(placed(fitness).size(), 1u) << failures;
  EXPECT_NE(ben.live(), nullptr);
  EXPECT_EQ(failures, "") << "false is no failure";
  EXPECT_EQ(book.headRule("").limit(), 1000u) << "nor does it make the queue narrower";
}

TEST(PolicyClockTest, StandsStillWithinATick) {
  PolicyClock a = PolicyClock::at(1'700'000'000'123), b = PolicyClock::at(1'700'000'009'999);
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.nowMs, 1'700'000'000'000);
  EXPECT_NE(a, PolicyClock::at(1'700'000'010'000));
  EXPECT_GE(a.hour, 0);
  EXPECT_LT(a.hour, 24);
  EXPECT_GE(a.weekday, 1);
  EXPECT_LE(a.weekday, 7);
}

}  // namespace
}  // namespace maitred::cook
