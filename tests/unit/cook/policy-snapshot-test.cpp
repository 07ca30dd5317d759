// Snapshots of what policies are asked about: what they hold, how they are read back, and that
// deciding on one is what the queue itself decides.

#include <policy/inputs-question.h>
#include <policy/replay.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t MIB = 1024 * 1024;

class PolicySnapshot : public ::testing::Test {
 protected:
  Book book;
  NodeTable nodes;
  DominantResource dru;
  std::uint64_t ids = 0;

  Job& waiting(const char* user, const char* name, double cpus, std::int64_t priority = 50) {
    Job job;
    job.spec.id = {1, ++ids};
    job.spec.user = user;
    job.spec.name = name;
    job.spec.cpus = cpus;
    job.spec.mem = 64;
    job.spec.priority = priority;
    job.spec.labels.emplace_back("project", "x");
    job.spec.command = "curl -u secret";
    job.spec.environment.emplace_back("TOKEN", "secret");
    job.submittedMs = 1000 + static_cast<std::int64_t>(ids);
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    return *book.add(std::move(job));
  }
  void running(const char* user, double cpus, const char* on) {
    Job& job = waiting(user, "runs", cpus);
    Uuid task{2, ++ids};
    book.start(job, task, {"local", on, on}, static_cast<std::int64_t>(ids));
    nodes.hold({"local", on}, task, Amount::of(job.spec), true);
  }
  void node(const char* id, double cpus, const char* rack) {
    NodeFacts facts;
    facts.key = {"local", id};
    facts.hostname = id;
    facts.capacity = {static_cast<std::int64_t>(cpus * 1000), 64 * 1024 * MIB, 100, 0};
    facts.attributes = {{"rack", {rack}}};
    nodes.put(facts, {facts.capacity, 0, 1});
  }
  Snapshot take(SnapshotLimits limits = {}) {
    Snapshot snapshot = takeSnapshot(book, nodes, CycleOptions(), limits);
    snapshot.instance = "cook";
    snapshot.clock = PolicyClock::at(1'700'000'000'000);
    snapshot.policies = {{"fairness", nullptr}, {"placement", nullptr}};
    return snapshot;
  }
  std::vector<std::string> namesOf(const PolicyOrder& order) {
    std::vector<std::string> names;
    for (const auto& one : order.jobs) names.push_back(one.job->name);
    return names;
  }
  std::vector<std::string> queue() {
    std::vector<std::string> names;
    for (Job* job : firstOf(book, {}, dru, 100)) names.push_back(job->spec.name);
    return names;
  }
};

TEST_F(PolicySnapshot, IsOrderedAsTheQueueItself) {
  node("n1", 8, "r1");
  book.shares("").set("default", {1000, 4, 1});
  book.quotas("").set("carl", {.mem = {}, .cpus = 3, .gpus = {}, .count = {}});
  running("ana", 2, "n1");
  running("ana", 1, "n1");
  running("ben", 0.5, "n1");
  for (const char* name : {"a1", "a2", "a3"}) waiting("ana", name, 1);
  waiting("ana", "urgent", 1, 90);
  for (const char* name : {"b1", "b2", "b3"}) waiting("ben", name, 1.5);
  for (const char* name : {"c1", "c2", "c3"}) waiting("carl", name, 1.5);
  Snapshot snapshot = Snapshot::fromJson(take().toJson());
  Replay replay(snapshot, false);
  PolicyOrder order = replay.order(dru, 100);
  EXPECT_EQ(namesOf(order), queue());
  EXPECT_EQ(order.jobs.size(), 9u) << "a quota bounds the order as it does in the queue";
  EXPECT_TRUE(order.complete);
}

TEST_F(PolicySnapshot, PlacesAsACycleWould) {
  node("n1", 2, "r1");
  node("n2", 4, "r2");
  running("ana", 1, "n2");
  waiting("ben", "fits-n1-best", 1.5);
  waiting("ben", "fits-n2", 2);
  Job& bound = waiting("carl", "bound", 0.5);
  bound.spec.constraints.push_back({"rack", "r2"});
  waiting("carl", "too-large", 5);
  Snapshot snapshot = take();
  PolicyChoices choices = Replay(snapshot, false).place(dru, nullptr);
  CycleResult cycle = runCycle(book, nodes, dru, nullptr, {}, 0, [this] { return Uuid{3, ++ids}; });
  ASSERT_EQ(choices.jobs.size(), cycle.started.size());
  for (std::size_t i = 0; i < choices.jobs.size(); ++i) {
    EXPECT_EQ(choices.jobs[i].job->id, cycle.started[i].job->spec.id);
    EXPECT_EQ(snapshot.nodes[static_cast<std::size_t>(choices.jobs[i].node)].id,
              cycle.started[i].node.nodeId);
  }
}

TEST_F(PolicySnapshot, DecidesTheLatestPlacementsAgain) {
  node("n1", 2, "r1");
  node("n2", 2, "r2");
  running("ana", 2, "n1");
  running("ben", 2, "n2");
  waiting("carl", "waits", 1);
  Snapshot snapshot = take();
  EXPECT_TRUE(Replay(snapshot, false).place(dru, nullptr).jobs.empty()) << "there is no room";
  PolicyChoices again = Replay(snapshot, true).placeAgain(nullptr);
  ASSERT_EQ(again.jobs.size(), 2u);
  EXPECT_EQ(again.jobs[0].job->user, "ana");
  EXPECT_NE(again.jobs[0].node, again.jobs[1].node);
}

TEST_F(PolicySnapshot, SaysWhereItDoesNotKnowTheOrder) {
  for (int i = 0; i < 10; ++i) waiting("ana", "a", 1);
  for (int i = 0; i < 10; ++i) waiting("ben", "b", 1);
  Snapshot snapshot = take({.jobsPerUser = 1000, .jobs = 8});
  EXPECT_LE(snapshot.jobs.size(), 8u);
  EXPECT_EQ(snapshot.jobsWaiting, 20u);
  Replay replay(snapshot, false);
  PolicyOrder order = replay.order(dru, 100);
  EXPECT_FALSE(order.complete);
  EXPECT_GT(order.jobs.size(), 4u);
  EXPECT_LT(order.jobs.size(), 9u);
}

TEST_F(PolicySnapshot, HasNoSecretsAndReadsBackEqual) {
  node("n1", 2, "r1");
  running("ana", 1, "n1");
  waiting("ben", "b", 0.1);
  Snapshot snapshot = take();
  std::string text = snapshot.toJson().dump();
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  EXPECT_EQ(Snapshot::fromJson(nlohmann::json::parse(text)), snapshot);
}

TEST_F(PolicySnapshot, FaultsNameTheirField) {
  node("n1", 2, "r1");
  waiting("ben", "b", 1);
  nlohmann::json good = take().toJson();
  auto faultOf = [&](auto&& spoil) -> std::string {
    nlohmann::json bad = good;
    spoil(bad);
    try {
      Snapshot::fromJson(bad);
    } catch (const SnapshotError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(faultOf([](auto& j) { j["format"] = "x"; }), "it is of another format: x");
  EXPECT_THAT(faultOf([](auto& j) { j["format_version"] = 9; }), HasSubstr("reads version 1"));
  EXPECT_EQ(faultOf([](auto& j) { j["jobs"][0].erase("cpus"); }), "jobs[0] has no \"cpus\"");
  EXPECT_THAT(faultOf([](auto& j) { j["nodes"][0]["ready"] = "yes"; }),
              HasSubstr("nodes[0].ready is of another type"));
  EXPECT_THAT(faultOf([](auto& j) {
                nlohmann::json many{{"user", "a"},  {"priority", 50}, {"node", -1}, {"mem", 1},
                                    {"cpus", 1}, {"gpus", 0},      {"count", 1'000'000}};
                j["running"] = {many, many, many};
              }),
              HasSubstr("more tasks run than can be read"));
  EXPECT_EQ(faultOf([](auto& j) { j["users"] = 1; }), "the snapshot has no list \"users\"");
  EXPECT_THAT(faultOf([](auto& j) { j = nlohmann::json::array(); }), HasSubstr("is no object"));
}

TEST_F(PolicySnapshot, TheAnswerStaysWithinItsSize) {
  node("n1", 2, "r1");
  running("ana", 1, "n1");
  for (int i = 0; i < 300; ++i) waiting(i % 2 == 0 ? "ana" : "ben", "a-job-with-a-name", 1);
  std::string text = snapshotAnswer(take(), 20'000);
  EXPECT_LE(text.size(), 20'000u);
  Snapshot read = Snapshot::fromJson(nlohmann::json::parse(text));
  EXPECT_EQ(read.jobsWaiting, 300u);
  EXPECT_LT(read.jobs.size(), 300u);
  EXPECT_EQ(read.jobs.front().user, "ana");
  EXPECT_EQ(read.jobs.back().user, "ben");
}

TEST(PolicyInputsQuestion, ReadsItsInput) {
  Pools pools({Pool{.name = "a"}, Pool{.name = "b"}}, "a");
  EXPECT_EQ(snapshotRequest("", pools).pool->name, "a");
  EXPECT_EQ(snapshotRequest(R"({"pool": "b", "jobs": 5})", pools).limits.jobs, 5u);
  for (const char* bad : {"x", "[]", R"({"pool": "c"})", R"({"pool": 1})", R"({"jobs": 0})",
                          R"({"jobs": -1})", R"({"jobs": 1e9})", R"({"color": 1})"}) {
    EXPECT_THROW(snapshotRequest(bad, pools), SnapshotError) << bad;
  }
}

}  // namespace
}  // namespace maitred::cook
