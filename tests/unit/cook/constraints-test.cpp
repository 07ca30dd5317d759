// Section 13: on which nodes a job may run at all.
#include "pool-world.h"

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

class ConstraintsOf : public ::testing::Test, protected PoolWorld {
 protected:
  // Whether the job is placed in a cycle, and where.
  std::string placed(Job job) {
    Job& added = add(std::move(job));
    cycle();
    std::string where = placeOf(added);
    book.kill(added, now);
    return where;
  }
  std::optional<Obstacle> against(const Job& job, const std::string& node) {
    Constraints constraints(
        job, {book, nodes, book.pools().find(POOL), options.rules, now}, nullptr);
    return constraints.against(*nodes.find({"local", node}));
  }
};

TEST_F(ConstraintsOf, NovelHost_ARetryGoesElsewhere) {
  node("a", 4, 400);
  node("b", 4, 400);
  Job& job = submit("ana", 1, 100);
  cycle();
  std::string first = placeOf(job);
  end(job.instances[0].taskId, InstanceStatus::failed, Reason::NON_ZERO_EXIT);
  cycle();
  EXPECT_NE(placeOf(job), "");
  EXPECT_NE(placeOf(job), first);
}

TEST_F(ConstraintsOf, NovelHost_HostsWhereItWasPreemptedAreAsGoodAsNew) {
  node("a", 4, 400);
  node("b", 4, 400);
  Job& job = submit("ana", 1, 100);
  Uuid task = start(job, "a");
  ASSERT_TRUE(book.fail(task, Reason::PREEMPTED, Book::Stop::preemption, now));
  end(task, InstanceStatus::failed);
  EXPECT_EQ(against(job, "a"), std::nullopt);
  Uuid again = start(job, "a");
  end(again, InstanceStatus::failed, Reason::NODE_SILENT);
  EXPECT_EQ(against(job, "a"), Obstacle::novelHost);
}

TEST_F(ConstraintsOf, NovelHost_WaitsForAnotherHostThatIsFullAtPresent) {
  node("a", 4, 400);
  node("b", 4, 400);
  running("ben", 4, 400, "b");
  Job& job = submit("ana", 1, 100);
  end(start(job, "a"), InstanceStatus::failed, Reason::NON_ZERO_EXIT);
  cycle();
  EXPECT_EQ(placeOf(job), "");
}

TEST_F(ConstraintsOf, NovelHost_IsForgivenWhereNoOtherHostCouldEverTakeIt) {
  node("a", 4, 400);
  node("small", 0.5, 400);
  Job& job = submit("ana", 1, 100);
  end(start(job, "a"), InstanceStatus::failed, Reason::NON_ZERO_EXIT);
  options.rules.novelHostAlways = true;
  cycle();
  EXPECT_EQ(placeOf(job), "") << "unless that is what is wanted";
  options.rules.novelHostAlways = false;
  cycle();
  EXPECT_EQ(placeOf(job), "a");
}

TEST_F(ConstraintsOf, UserDefined_AttributesAreEqual) {
  NodeFacts east = facts("a", 4, 400);
  east.attributes = {{"az", {"east", "north"}}};
  put(east);
  node("b", 4, 400);
  struct Row {
    const char *attribute, *value, *place;
  };
  for (const Row& row : {Row{"az", "north", "a"}, Row{"az", "west", ""}, Row{"HOSTNAME", "b", "b"},
                         Row{"nothing", "", ""}}) {
    Job job = make("ana", 1, 100);
    job.spec.constraints = {{row.attribute, row.value}};
    EXPECT_EQ(placed(std::move(job)), row.place) << row.attribute << " = " << row.value;
  }
}

TEST_F(ConstraintsOf, UserDefined_ThePoolsOwnAreAddedUnlessTheUserReplacesThem) {
  Pool pool;
  pool.defaultConstraints = {{"node-type", "small"}, {"rack", "r1"}};
  auto rules = [&](std::vector<AttributeRule> own) {
    JobSpec spec;
    spec.constraints = std::move(own);
    return userRules(spec, &pool);
  };
  using Rules = std::vector<AttributeRule>;
  EXPECT_EQ(rules({}), (Rules{{"node-type", "small"}, {"rack", "r1"}}));
  EXPECT_EQ(rules({{"rack", "r2"}}), (Rules{{"rack", "r2"}, {"node-type", "small"}}));
  EXPECT_EQ(rules({{"node-family", "x"}}), (Rules{{"node-family", "x"}, {"rack", "r1"}}))
      << "another attribute that tells machines apart";
  EXPECT_EQ(rules({{"az", "east"}}),
            (Rules{{"az", "east"}, {"node-type", "small"}, {"rack", "r1"}}));
  setPool(pool);
  NodeFacts fitting = facts("b", 4, 400);
  fitting.attributes = {{"rack", {"r1"}}, {"node-type", {"small"}}};
  node("a", 4, 400);
  put(fitting);
  EXPECT_EQ(placed(make("ana", 1, 100)), "b");
}

TEST_F(ConstraintsOf, GpuHost_AsManyOfTheModelAndNobodyElse) {
  NodeFacts two = facts("gpu", 8, 800);
  two.gpus = {{"a100", 2}, {"k80", 1}};
  two.capacity.gpus = 3;
  put(two);
  node("plain", 8, 800);
  auto wants = [&](double gpus, const char* model) {
    Job job = make("ana", 1, 100);
    job.spec.gpus = gpus;
    if (*model != 0) job.spec.environment = {{"COOK_GPU_MODEL", model}};
    return job;
  };
  EXPECT_EQ(against(wants(2, "a100"), "gpu"), std::nullopt);
  EXPECT_EQ(against(wants(1, "a100"), "gpu"), Obstacle::gpuHost) << "fewer are no match either";
  EXPECT_EQ(against(wants(1, "k80"), "gpu"), std::nullopt);
  EXPECT_EQ(against(wants(2, "v100"), "gpu"), Obstacle::gpuHost);
  EXPECT_EQ(against(wants(2, "a100"), "plain"), Obstacle::gpuHost);
  EXPECT_EQ(against(wants(0, ""), "gpu"), Obstacle::nonGpuHost);
  EXPECT_EQ(against(wants(0, ""), "plain"), std::nullopt);
  Pool pool;
  pool.gpuModel = "k80";
  setPool(pool);
  EXPECT_EQ(against(wants(1, ""), "gpu"), std::nullopt) << "the pool's usual model";
  running("ben", 1, 100, "gpu");
  EXPECT_EQ(against(wants(2, "a100"), "gpu"), Obstacle::gpuHost) << "somebody is there";
  EXPECT_EQ(placed(make("ana", 1, 100)), "plain");
}

TEST_F(ConstraintsOf, DiskHost_EnoughOfTheTypeIsFree) {
  constexpr std::int64_t GIB = 1024 * MIB;
  put(facts("a", 8, 800), {{"pd-ssd", 50 * GIB}, {"", 10 * GIB}});
  auto wants = [&](double mib, const char* type) {
    Job job = make("ana", 1, 100);
    if (mib > 0 || *type != 0) job.spec.demands = {{.diskMib = mib, .diskType = type}};
    return job;
  };
  EXPECT_EQ(against(wants(1e9, ""), "a"), std::nullopt) << "pools without a rule do not look";
  Pool pool;
  pool.disk = DiskRule{10'240, "", {{"ssd", "pd-ssd"}}};
  setPool(pool);
  EXPECT_EQ(against(wants(0, ""), "a"), std::nullopt) << "10 GiB by default";
  EXPECT_EQ(against(wants(10'241, ""), "a"), Obstacle::diskHost);
  EXPECT_EQ(against(wants(51'200, "ssd"), "a"), std::nullopt);
  EXPECT_EQ(against(wants(51'201, "ssd"), "a"), Obstacle::diskHost);
  EXPECT_EQ(against(wants(1, "hdd"), "a"), Obstacle::diskHost);
  pool.disk->defaultType = "hdd";
  setPool(pool);
  EXPECT_EQ(against(wants(0, ""), "a"), Obstacle::diskHost);
}

TEST_F(ConstraintsOf, EstimatedCompletion_TheNodeLastsLongEnough) {
  constexpr std::int64_t HOUR = 3'600'000;
  now = 1'000 * HOUR;
  NodeFacts old = facts("a", 8, 800);
  old.attributes = {{"host-start-time", {std::to_string((now - 20 * HOUR) / 1000)}}};
  put(old);
  node("eternal", 8, 800);
  auto expects = [&](std::int64_t runtimeMs) {
    Job job = make("ana", 1, 100);
    job.spec.demands = {{.expectedRuntimeMs = runtimeMs}};
    return job;
  };
  EXPECT_EQ(against(expects(100 * HOUR), "a"), std::nullopt) << "off unless configured";
  options.rules.hostLifetimeMs = 24 * HOUR;
  options.rules.expectedRuntimeMultiplier = 2;
  EXPECT_EQ(against(expects(2 * HOUR - 1), "a"), std::nullopt);
  EXPECT_EQ(against(expects(2 * HOUR), "a"), Obstacle::estimatedCompletion) << "strictly before";
  EXPECT_EQ(against(expects(100 * HOUR), "eternal"), std::nullopt);
  EXPECT_EQ(against(make("ana", 1, 100), "a"), std::nullopt);
  Job& lost = submit("ana", 1, 100);
  Uuid task = start(lost, "b");
  now += 5 * HOUR;
  end(task, InstanceStatus::failed, Reason::NODE_REMOVED);
  now -= 5 * HOUR;
  EXPECT_EQ(against(lost, "a"), Obstacle::estimatedCompletion) << "it ran for 5 h already";
  // No job is taken to need more than a whole life less the grace.
  NodeFacts young = facts("young", 8, 800);
  young.attributes = {{"host-start-time", {std::to_string((now - 9 * 60'000) / 1000)}}};
  put(young);
  EXPECT_EQ(against(expects(1'000 * HOUR), "young"), std::nullopt);
}

TEST_F(ConstraintsOf, CheckpointLocality_StaysWhereItsCheckpointsAre) {
  node("a", 8, 800);
  NodeFacts far = facts("b", 8, 800);
  far.key.cluster = "far";
  put(far);
  Job made = make("ana", 1, 100);
  made.spec.demands = {{.checkpoint = true}};
  Job& job = add(std::move(made));
  auto againstFar = [&] {
    Constraints constraints(
        job, {book, nodes, book.pools().find(POOL), options.rules, now}, nullptr);
    return constraints.against(*nodes.find({"far", "b"}));
  };
  options.rules.locations = {{"local", "here"}, {"far", "there"}};
  EXPECT_EQ(againstFar(), std::nullopt) << "the first attempt goes anywhere";
  end(start(job, "a"), InstanceStatus::failed, Reason::NON_ZERO_EXIT);
  EXPECT_EQ(againstFar(), Obstacle::checkpointLocality);
  options.rules.locations["far"] = "here";
  EXPECT_EQ(againstFar(), std::nullopt);
  options.rules.locations = {{"far", "there"}};
  EXPECT_EQ(againstFar(), std::nullopt) << "where the last one was is not known";
}

TEST_F(ConstraintsOf, MaxTasksPerHost_CountsThoseOfThisCycle) {
  NodeFacts few = facts("a", 8, 800);
  few.tasksMax = 3;
  put(few);
  running("ben", 1, 100, "a");
  for (int i = 0; i < 5; ++i) submit("ana", 1, 100);
  EXPECT_EQ(cycle().started.size(), 2u);
}

TEST_F(ConstraintsOf, Reservation_KeepsOthersOffUntilItsJobHasStarted) {
  node("a", 4, 400);
  Job& large = submit("ana", 4, 400);
  Job& blocker = running("ben", 1, 100, "a");
  Job& small = submit("cyd", 1, 100);
  nodes.reservations().replace(POOL, {{large.spec.id, {"local", "a"}}});
  EXPECT_EQ(against(small, "a"), Obstacle::reservation);
  EXPECT_EQ(against(large, "a"), std::nullopt);
  cycle();
  EXPECT_EQ(placeOf(small), "") << "although there is room";
  end(blocker.live()->taskId, InstanceStatus::success);
  cycle();
  EXPECT_EQ(placeOf(large), "a");
  EXPECT_TRUE(nodes.reservations().none());
  end(large.live()->taskId, InstanceStatus::success);
  cycle();
  EXPECT_EQ(placeOf(small), "a");
}

TEST_F(ConstraintsOf, Reservation_EndsWithItsJob) {
  node("a", 4, 400);
  Job& large = submit("ana", 8, 400);
  Job& small = submit("cyd", 1, 100);
  nodes.reservations().replace(POOL, {{large.spec.id, {"local", "a"}}});
  cycle();
  EXPECT_EQ(placeOf(small), "");
  book.kill(large, now);
  cycle();
  EXPECT_EQ(placeOf(small), "a");
}

TEST_F(ConstraintsOf, Investigation_ToldPerObstacleOnHowManyHosts) {
  node("full", 4, 400);
  running("ben", 4, 350, "full");
  node("used", 4, 400);
  NodeFacts gpu = facts("gpu", 4, 400);
  gpu.capacity.gpus = 1;
  put(gpu);
  Job& job = submit("ana", 1, 100);
  end(start(job, "used"), InstanceStatus::failed, Reason::NON_ZERO_EXIT);
  EXPECT_EQ(book.investigations().summary(job.spec.id), nullptr);
  cycle();
  EXPECT_EQ(book.investigations().summary(job.spec.id), nullptr) << "nobody has asked";
  book.investigations().begin(job.spec.id);
  cycle();
  const RefusalSummary* summary = book.investigations().summary(job.spec.id);
  ASSERT_NE(summary, nullptr);
  EXPECT_EQ(summary->hostsAsked, 3);
  EXPECT_EQ(summary->of(Obstacle::cpus), 1);
  EXPECT_EQ(summary->of(Obstacle::mem), 1);
  EXPECT_EQ(summary->of(Obstacle::novelHost), 1);
  EXPECT_EQ(summary->of(Obstacle::nonGpuHost), 1);
  EXPECT_EQ(summary->of(Obstacle::userDefined), 0);
  node("new", 4, 400);
  cycle();
  EXPECT_EQ(placeOf(job), "new");
  EXPECT_EQ(book.investigations().summary(job.spec.id), nullptr) << "it waits no more";
}

TEST_F(ConstraintsOf, Example23_TextsAreThoseThatClientsKnow) {
  EXPECT_EQ(text(Obstacle::mem), "Not enough mem available.");
  EXPECT_EQ(text(Obstacle::cpus), "Not enough cpus available.");
  EXPECT_EQ(text(Obstacle::novelHost), "Job already ran on this host.");
  EXPECT_EQ(text(Obstacle::gpuHost), "Host has no GPU support.");
  EXPECT_EQ(text(Obstacle::nonGpuHost), "Host is reserved for jobs that need GPU support.");
  EXPECT_EQ(text(Obstacle::attributeEqualsGroup),
            "Host had a different attribute than other jobs in the group.");
  EXPECT_EQ(text(Obstacle::userDefined), "user-defined-constraint");
  EXPECT_EQ(text(Obstacle::maxTasks), "max_tasks_per_host");
  EXPECT_EQ(name(Obstacle::uniqueGroup), "unique-host-placement-group-constraint");
  EXPECT_EQ(name(Obstacle::balancedGroup), "balanced-host-placement-group-constraint");
}

TEST_F(ConstraintsOf, AJobThatMayRunNowhereIsNoHeadThatOthersWaitFor) {
  node("a", 4, 400);
  Job picky = make("ana", 1, 100);
  picky.spec.constraints = {{"az", "nowhere"}};
  picky.spec.priority = 100;
  add(std::move(picky));
  submit("ana", 1, 100);
  cycle();
  EXPECT_EQ(book.headRule(POOL).limit(), options.considerableMost);
}

}  // namespace
}  // namespace maitred::cook
