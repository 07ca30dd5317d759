// Groups that say where their instances may run: section 13 and example 28.14.
#include "pool-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Type = HostPlacement::Type;

class Placement : public ::testing::Test, protected PoolWorld {
 protected:
  Uuid declare(Type type, const char* attribute = "", int minimum = 1) {
    Uuid id{3, ++ids};
    book.addGroup({id, "g", {type, attribute, minimum}, {}}, now);
    return id;
  }
  Job& join(const Uuid& group, double cpus = 1) {
    Job job = make("ana", cpus, 10);
    job.spec.group = group;
    return add(std::move(job));
  }
  void zoned(const std::string& id, const char* zone, double cpus) {
    NodeFacts made = facts(id, cpus, 1000);
    made.attributes = {{"az", {zone}}};
    put(made);
  }
  std::map<std::string, int> perHost(const Uuid& group) {
    std::map<std::string, int> counts;
    for (const auto& [where, number] : book.cohosts(group)) counts[where.hostname] += number;
    return counts;
  }
};

TEST_F(Placement, Example14_BalancedOverHosts) {
  for (const char* id : {"a", "b", "c"}) node(id, 100, 10'000);
  Uuid group = declare(Type::balanced, "HOSTNAME", 3);
  for (int i = 0; i < 9; ++i) join(group);
  EXPECT_EQ(cycle().started.size(), 9u);
  EXPECT_THAT(perHost(group), ElementsAre(Pair("a", 3), Pair("b", 3), Pair("c", 3)));
}

TEST_F(Placement, Example14_AttributeEquals) {
  zoned("first", "east", 1);
  Uuid group = declare(Type::attributeEquals, "az");
  join(group);
  ASSERT_EQ(cycle().started.size(), 1u);
  zoned("east", "east", 5);
  for (int i = 0; i < 20; ++i) zoned("west" + std::to_string(i), "west", 1);
  for (int i = 0; i < 20; ++i) join(group);
  EXPECT_EQ(cycle().started.size(), 5u);
  EXPECT_THAT(perHost(group), ElementsAre(Pair("east", 5), Pair("first", 1)));
  EXPECT_EQ(book.ranking(POOL).waitingCount(), 15u);
}

// As when its backend cannot be reached for a while: it is still there.
TEST_F(Placement, ACohostOnANodeThatIsAwayKeepsTheGroupFromElsewhere) {
  zoned("first", "east", 1);
  Uuid group = declare(Type::attributeEquals, "az");
  Job& there = join(group);
  ASSERT_EQ(cycle().started.size(), 1u);
  nodes.remove({"local", "first"});
  zoned("west", "west", 5);
  join(group);
  EXPECT_EQ(cycle().started.size(), 0u);
  end(there.live()->taskId, InstanceStatus::success);
  EXPECT_EQ(cycle().started.size(), 1u);
}

TEST_F(Placement, UniqueTakesEveryHostOnceAndAgainWhenItIsLeft) {
  for (const char* id : {"a", "b"}) node(id, 100, 10'000);
  Uuid group = declare(Type::unique);
  Job& first = join(group);
  for (int i = 0; i < 3; ++i) join(group);
  EXPECT_EQ(cycle().started.size(), 2u);
  EXPECT_EQ(cycle().started.size(), 0u);
  EXPECT_THAT(perHost(group), ElementsAre(Pair("a", 1), Pair("b", 1)));
  end(first.live()->taskId, InstanceStatus::success);
  EXPECT_EQ(cycle().started.size(), 1u);
}

TEST_F(Placement, BalancedFillsUpToTheMinimumOfValuesFirst) {
  for (const char* id : {"a", "b"}) node(id, 100, 10'000);
  Uuid strict = declare(Type::balanced, "HOSTNAME", 3);
  for (int i = 0; i < 5; ++i) join(strict);
  EXPECT_EQ(cycle().started.size(), 2u) << "a third host is to have one before a second comes";
  Uuid loose = declare(Type::balanced, "HOSTNAME", 2);
  for (int i = 0; i < 5; ++i) join(loose);
  EXPECT_EQ(cycle().started.size(), 5u);
}

TEST_F(Placement, OtherGroupsAndJobsWithoutOneDoNotCount) {
  node("a", 100, 10'000);
  Uuid one = declare(Type::unique), other = declare(Type::unique), all = declare(Type::all);
  for (const Uuid& group : {one, other, all, all}) join(group);
  submit("ana", 1, 10);
  EXPECT_EQ(cycle().started.size(), 5u);
}

TEST_F(Placement, AGroupLivesAsLongAsItsJobs) {
  Uuid group = declare(Type::unique);
  EXPECT_NE(book.group(group), nullptr);
  Job& job = join(group);
  EXPECT_TRUE(book.groupExists(group));
  EXPECT_EQ(book.jobsOf(group), std::vector<Job*>{&job});
  book.kill(job, now);
  book.forget(job);
  EXPECT_EQ(book.group(group), nullptr);
  EXPECT_FALSE(book.groupExists(group));
}

}  // namespace
}  // namespace maitred::cook
