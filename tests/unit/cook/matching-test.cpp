#include <core/matching.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

constexpr std::int64_t MIB = 1024 * 1024;

Amount amount(double cpus, double mem, std::int64_t ports = 100) {
  return {static_cast<std::int64_t>(cpus * 1000), static_cast<std::int64_t>(mem) * MIB, ports};
}

class Matching : public ::testing::Test {
 protected:
  Book book;
  NodeTable nodes;
  MatchOptions options;
  std::uint64_t ids = 0;

  NodeKey node(const char* id, double cpus, double mem) {
    NodeFacts facts{{"local", id}, std::string(id) + ".example", amount(cpus, mem), 0, true, {}};
    nodes.put(facts, {amount(cpus, mem), 0, 1});
    return facts.key;
  }
  Job job(double cpus, double mem) {
    Job made;
    made.spec.cpus = cpus;
    made.spec.mem = mem;
    return made;
  }
  Uuid place(const NodeKey& key, const Job& job) {
    Uuid id{1, ++ids};
    nodes.hold(key, id, Amount::of(job.spec), true);
    return id;
  }
  Matcher matcherAt(std::int64_t nowMs, Fitness* fitness = nullptr) {
    options.steadyMs = nowMs;
    return Matcher(book, nodes, fitness, options);
  }
  // How many of `count` equal jobs find a node, placed one after the other.
  int placeAll(int count, const Job& job) {
    Matcher matcher = matcherAt(0);
    int placed = 0;
    for (int i = 0; i < count; ++i) {
      Node* found = matcher.find(job);
      if (found == nullptr) continue;
      place(found->facts.key, job);
      ++placed;
    }
    return placed;
  }
};

TEST_F(Matching, NothingIsPlacedWhereABackendRests) {
  node("a", 4, 4096);
  options.rules.resting = {"other"};
  EXPECT_NE(matcherAt(0).find(job(1, 64)), nullptr);
  options.rules.resting = {"local"};
  EXPECT_EQ(matcherAt(0).find(job(1, 64)), nullptr);
  auto why = matcherAt(0).explain(job(1, 64));
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->hostsAsked, 1u);
}

struct Offer {
  double cpus, mem;
  int placed;
};
class OneOffer : public Matching, public ::testing::WithParamInterface<Offer> {};

TEST_P(OneOffer, Example13_TakesWhatFits) {
  node("n", GetParam().cpus, GetParam().mem);
  EXPECT_EQ(placeAll(4, job(1, 1000)), GetParam().placed);
}
INSTANTIATE_TEST_SUITE_P(Table, OneOffer,
                         ::testing::Values(Offer{0, 0, 0}, Offer{0.5, 100, 0}, Offer{0.5, 1000, 0},
                                         Offer{1, 500, 0}, Offer{1, 1000, 1}, Offer{1.5, 1500, 1},
                                         Offer{4, 4000, 4}, Offer{5, 5000, 4}));

TEST_F(Matching, TheFullestNodeThatFitsIsTaken) {
  NodeKey empty = node("a", 4, 4000), half = node("b", 4, 4000);
  place(half, job(2, 2000));
  Matcher matcher = matcherAt(0);
  EXPECT_EQ(matcher.find(job(1, 1000))->facts.key, half);
  EXPECT_EQ(matcher.find(job(3, 1000))->facts.key, empty);
  EXPECT_EQ(matcher.find(job(5, 1)), nullptr);
}

TEST_F(Matching, ASmallNodeCanFitBetterThanAFullerLargeOne) {
  NodeKey large = node("large", 10, 10000), small = node("small", 2, 2000);
  place(large, job(3, 3000));  // 0.3 full; the job would make it 0.4, the small one 0.5
  Matcher matcher = matcherAt(0);
  EXPECT_EQ(matcher.find(job(1, 1000))->facts.key, small);
}

TEST_F(Matching, AttributesMustBeEqual) {
  node("a", 4, 4000);
  NodeFacts facts{
      {"local", "b"}, "b.example", amount(4, 4000), 0, true, {{"az", {"east", "north"}}}};
  nodes.put(facts, {amount(4, 4000), 0, 1});
  Matcher matcher = matcherAt(0);
  Job picky = job(1, 1);
  picky.spec.constraints = {{"az", "north"}};
  EXPECT_EQ(matcher.find(picky)->facts.key, facts.key);
  picky.spec.constraints = {{"az", "west"}};
  EXPECT_EQ(matcher.find(picky), nullptr);
  picky.spec.constraints = {{"HOSTNAME", "a.example"}};
  EXPECT_EQ(matcher.find(picky)->facts.key.nodeId, "a");
}

TEST_F(Matching, RoomOfALaterGenerationIsBelieved) {
  NodeKey key = node("n", 4, 4000);
  Uuid first = place(key, job(3, 100));
  EXPECT_EQ(nodes.find(key)->free().cpuMillis, 1000);
  // The backend has counted our task: taking it off twice would leave the node idle.
  nodes.setRoom(key, {amount(1, 3900), 1, 2});
  EXPECT_EQ(nodes.find(key)->free().cpuMillis, 1000);
  // Somebody else takes the rest.
  nodes.setRoom(key, {amount(0.5, 3900), 2, 3});
  EXPECT_EQ(nodes.find(key)->free().cpuMillis, 500);
  nodes.letGo(key, first);
  EXPECT_EQ(nodes.find(key)->free().cpuMillis, 500) << "until the backend says that it is free";
  nodes.setRoom(key, {amount(3.5, 4000), 1, 4});
  EXPECT_EQ(nodes.find(key)->free().cpuMillis, 3500);
}

TEST_F(Matching, TasksOfANodeThatIsNotKnownYetAreCountedWhenItAppears) {
  NodeKey key{"local", "n"};
  nodes.hold(key, Uuid{7, 7}, amount(3, 100, 0), false);
  node("n", 4, 4000);
  EXPECT_EQ(nodes.find(key)->free().cpuMillis, 1000);
  nodes.remove(key);
  node("n", 4, 4000);
  EXPECT_EQ(nodes.find(key)->free().cpuMillis, 1000);
  nodes.letGo(key, Uuid{7, 7});
  EXPECT_EQ(nodes.find(key)->free().cpuMillis, 4000);
}

TEST_F(Matching, ARefusingNodeIsLeftAloneForLongerAndLonger) {
  NodeKey key = node("n", 4, 4000);
  EXPECT_EQ(nodes.refused(key, 1000, 0), 1100);
  EXPECT_EQ(nodes.refused(key, 2000, 0), 2200);
  EXPECT_EQ(matcherAt(2100).find(job(1, 1)), nullptr);
  EXPECT_NE(matcherAt(2200).find(job(1, 1)), nullptr);
  EXPECT_EQ(nodes.refused(key, 3000, 60000), 63000);
  nodes.accepted(key);
  EXPECT_EQ(nodes.refused(key, 4000, 0), 4100);
}

TEST_F(Matching, TaskLimitsAndClosedNodes) {
  NodeFacts facts{{"local", "n"}, "n", amount(4, 4000), 2, true, {}};
  nodes.put(facts, {amount(4, 4000), 0, 1});
  EXPECT_EQ(placeAll(4, job(0.1, 1)), 2);
  facts.ready = false;
  facts.tasksMax = 0;
  nodes.put(facts, {amount(4, 4000), 0, 2});
  EXPECT_EQ(placeAll(4, job(0.1, 1)), 0);
}

class Spread final : public Fitness {
 public:
  int calls = 0, failAt = -1;
  std::optional<double> of(const FitnessInput& in) override {
    if (calls++ == failAt) return std::nullopt;
    return 1 - binPacking(in);
  }
};

TEST_F(Matching, APolicyMaySpread) {
  NodeKey a = node("a", 4, 4000), b = node("b", 4, 4000);
  place(a, job(1, 1000));
  Spread spread;
  EXPECT_EQ(matcherAt(0, &spread).find(job(1, 1000))->facts.key, b);
  spread.failAt = spread.calls;
  EXPECT_EQ(matcherAt(0, &spread).find(job(1, 1000))->facts.key, a) << "bin packing decides";
}

TEST(Amounts, AreRoundedUpButNotByRepresentation) {
  JobSpec spec;
  spec.cpus = 0.1;
  spec.mem = 0.5;
  EXPECT_EQ(Amount::of(spec), (Amount{100, MIB / 2, 0}));
  spec.cpus = 0.0001;
  EXPECT_EQ(Amount::of(spec).cpuMillis, 1);
}

}  // namespace
}  // namespace maitred::cook
