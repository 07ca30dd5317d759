// What the queue's store keeps: every field comes back, changes and their audit lines are one, and
// stores of former versions are taken over.
#include "records-fixture.h"

#include <sqlite3.h>

namespace maitred::cook {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

JobUpdate updateOf(const Job& job) {
  return {job.spec.id,         job.state,    job.waitingSinceMs, job.completedMs,
          job.spec.maxRetries, job.sequence, job.instances,      {}};
}

void expectEqual(const Job& a, const Job& b) {
  const JobSpec &s = a.spec, &t = b.spec;
  EXPECT_EQ(s.id, t.id);
  EXPECT_EQ(s.user, t.user);
  EXPECT_EQ(s.name, t.name);
  EXPECT_EQ(s.command, t.command);
  EXPECT_EQ(s.pool, t.pool);
  EXPECT_EQ(s.submitPool, t.submitPool);
  EXPECT_EQ(s.cpus, t.cpus);
  EXPECT_EQ(s.mem, t.mem);
  EXPECT_EQ(s.gpus, t.gpus);
  EXPECT_EQ(s.maxRetries, t.maxRetries);
  EXPECT_EQ(s.priority, t.priority);
  EXPECT_EQ(s.maxRuntimeMs, t.maxRuntimeMs);
  EXPECT_EQ(s.ports, t.ports);
  EXPECT_EQ(s.disableMeaCulpa, t.disableMeaCulpa);
  EXPECT_EQ(s.environment, t.environment);
  EXPECT_EQ(s.labels, t.labels);
  EXPECT_EQ(s.uris, t.uris);
  EXPECT_EQ(s.constraints, t.constraints);
  EXPECT_EQ(s.group, t.group);
  EXPECT_EQ(s.groupName, t.groupName);
  EXPECT_EQ(s.extra, t.extra);
  EXPECT_EQ(s.demands, t.demands);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.submittedMs, b.submittedMs);
  EXPECT_EQ(a.waitingSinceMs, b.waitingSinceMs);
  EXPECT_EQ(a.completedMs, b.completedMs);
  EXPECT_EQ(a.order, b.order);
  EXPECT_EQ(a.sequence, b.sequence);
}

void expectEqual(const Instance& a, const Instance& b) {
  EXPECT_EQ(a.taskId, b.taskId);
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.startMs, b.startMs);
  EXPECT_EQ(a.runningMs, b.runningMs);
  EXPECT_EQ(a.endMs, b.endMs);
  EXPECT_EQ(a.queueTimeMs, b.queueTimeMs);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.cancelled, b.cancelled);
  EXPECT_EQ(a.preempted, b.preempted);
  EXPECT_EQ(a.confirmed, b.confirmed);
  EXPECT_EQ(a.exitCode, b.exitCode);
  EXPECT_EQ(a.unreachableMs, b.unreachableMs);
  EXPECT_EQ(a.cluster, b.cluster);
  EXPECT_EQ(a.nodeId, b.nodeId);
  EXPECT_EQ(a.hostname, b.hostname);
  EXPECT_EQ(a.ports, b.ports);
  EXPECT_EQ(a.sandboxUrl, b.sandboxUrl);
  EXPECT_EQ(a.sandboxPath, b.sandboxPath);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.progress, b.progress);
  EXPECT_EQ(a.executor, b.executor);
}

TEST_F(RecordsTest, EveryFieldComesBack) {
  Job full = job(1);
  full.spec.group = id(77);
  full.spec.groupName = "g";
  Job plain;
  plain.spec.id = id(2);
  plain.spec.user = "bob";
  plain.spec.command = "true";
  plain.order = 2;
  plain.sequence = 7;
  Job changed = full;
  changed.state = JobState::completed;
  changed.completedMs = 99;
  changed.spec.maxRetries = 9;
  changed.sequence = 500;
  // Written out of order: they come back by number.
  changed.instances = {instance(11, 1), instance(10, 0)};
  {
    auto records = open();
    wait(records->insert(0, shared({plain, full})));
    wait(records->update(0, {updateOf(changed)}));
  }
  auto jobs = wait(open()->load());
  ASSERT_THAT(jobs, SizeIs(2));
  expectEqual(jobs[0], changed);
  expectEqual(jobs[1], plain);
  ASSERT_THAT(jobs[0].instances, SizeIs(2));
  expectEqual(jobs[0].instances[0], changed.instances[1]);
  expectEqual(jobs[0].instances[1], changed.instances[0]);
  EXPECT_THAT(jobs[1].instances, IsEmpty());
}

TEST_F(RecordsTest, InsertIsAllOrNothing) {
  auto records = open();
  wait(records->insert(0, shared({job(1)})));
  AuditLine line{5, "root", "", "job.insert", "x", "", "", ""};
  GroupRow group{{.id = id(9), .name = "g"}, 1};
  EXPECT_THAT(failureOf(records->insert(0, shared({job(2), job(1)}), {group}, {line})),
              HasSubstr("UNIQUE"));
  EXPECT_EQ(count(*records, "SELECT count(*) FROM jobs"), 1);
  EXPECT_EQ(count(*records, "SELECT count(*) FROM groups"), 0);
  EXPECT_EQ(count(*records, "SELECT count(*) FROM audit"), 0);
}

TEST_F(RecordsTest, GroupsGoWithTheirLastJob) {
  auto records = open();
  Job one = job(1), two = job(2);
  one.spec.group = two.spec.group = id(50);
  GroupRow group{{id(50), "g", {HostPlacement::Type::balanced, "rack", 3}, {}}, 77};
  group.spec.stragglers = {StragglerHandling::Type::quantileDeviation, 0.25, 3.5};
  wait(records->insert(0, shared({one, two}), {group}));
  wait(records->update(0, {{id(1), JobState::completed, 0, 9, 1, 3, {instance(1, 0)}, {}}}));
  wait(records->remove(0, {id(1), id(12345)}, {2, 3}));
  EXPECT_EQ(wait(records->loadAdministration()).groups, std::vector{group});
  EXPECT_EQ(count(*records, "SELECT count(*) FROM instances"), 0);
  wait(records->remove(0, {id(2)}, {1, 1}));
  EXPECT_THAT(wait(records->loadAdministration()).groups, IsEmpty());
  Counters counters = wait(records->loadCounters());
  EXPECT_EQ(counters.order, 2u) << "a lower one changes nothing";
  EXPECT_EQ(counters.sequence, 3u);
}

TEST_F(RecordsTest, SharesAndQuotasComeBack) {
  ShareRow share{{"ana", "batch"}, 1024.5, std::nullopt, 2};
  ShareRow common{{"default", ""}, 1, 2, 3};
  QuotaRow quota{{"ana", "batch"}, std::nullopt, 4, 0, 17, 100.5, 2.25};
  AuditLine first{1, "root", "bob", "share.set", "ana/batch", "", R"({"mem":1024.5})", "more"};
  AuditLine second{2, "root", "", "quota.delete", "ana/batch", "{}", "", "less"};
  {
    auto records = open();
    wait(records->administer(0, {.shares = {share, common}, .quotas = {quota}, .audit = {first}}));
  }
  auto records = open();
  auto all = wait(records->loadAdministration());
  EXPECT_EQ(all.shares, (std::vector{share, common}));
  EXPECT_EQ(all.quotas, std::vector{quota});
  share.mem.reset();
  wait(records->administer(0, {.shares = {share},
                               .sharesRemoved = {common.key, {"nobody", ""}},
                               .quotasRemoved = {quota.key},
                               .audit = {second}}));
  all = wait(records->loadAdministration());
  EXPECT_EQ(all.shares, std::vector{share});
  EXPECT_THAT(all.quotas, IsEmpty());
  EXPECT_EQ(wait(records->audit(10)), (std::vector{second, first}));
  EXPECT_EQ(wait(records->audit(1)), std::vector{second});
}

TEST_F(RecordsTest, StatesOfClustersComeBack) {
  ClusterSetting east{"east", ClusterState::draining, true}, west{"west"};
  {
    auto records = open();
    wait(records->administer(0, {.clusters = {west, east}}));
  }
  auto records = open();
  EXPECT_EQ(wait(records->loadAdministration()).clusters, (std::vector{east, west}));
  east.state = ClusterState::deleted;
  wait(records->administer(0, {.clusters = {east}, .clustersRemoved = {"west", "nowhere"}}));
  EXPECT_EQ(wait(records->loadAdministration()).clusters, std::vector{east});
  wait(records->store().write(
      0, [](store::Connection& db) { db.script("UPDATE clusters SET state = 'asleep'"); }));
  EXPECT_THAT(failureOf(records->loadAdministration()),
              HasSubstr("cluster east has the state 'asleep', which is none"));
}

TEST_F(RecordsTest, IncrementalValuesComeBack) {
  IncrementalRow image{"image", {{"new", 0.25, "try it"}, {"old", 0.75, ""}}}, other{"a", {{"x"}}};
  {
    auto records = open();
    wait(records->administer(0, {.incremental = {image, other}}));
  }
  auto records = open();
  EXPECT_EQ(wait(records->loadAdministration()).incremental, (std::vector{other, image}));
  image.values.pop_back();
  other.values.clear();
  wait(records->administer(0, {.incremental = {image, other}}));
  EXPECT_EQ(wait(records->loadAdministration()).incremental, std::vector{image});
}

TEST_F(RecordsTest, AuditLineAndChangeAreOneTransaction) {
  auto records = open();
  // The line cannot be written, so the share is not changed either.
  wait(records->store().write(0, [](store::Connection& db) {
    db.script("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no ink'); END");
  }));
  AuditLine line{1, "root", "", "share.set", "ana", "", "{}", "why"};
  EXPECT_THAT(
      failureOf(records->administer(0, {.shares = {{{"ana", ""}, 1, 1, 1}}, .audit = {line}})),
      HasSubstr("no ink"));
  wait(records->insert(0, shared({job(1)})));
  EXPECT_THAT(
      failureOf(records->update(0, {{id(1), JobState::completed, 0, 9, 1, 300, {}, {}}}, {line})),
      HasSubstr("no ink"));
  EXPECT_THAT(wait(records->loadAdministration()).shares, IsEmpty());
  EXPECT_EQ(wait(records->load()).at(0).state, JobState::waiting);
}

TEST_F(RecordsTest, LowerFenceIsRefused) {
  auto records = open();
  wait(records->append(7, {1, "root", "", "a", "", "", "", ""}));
  EXPECT_THAT(failureOf(records->append(6, {1, "root", "", "b", "", "", "", ""})),
              HasSubstr("fenced"));
  EXPECT_THAT(wait(records->audit(10)), SizeIs(1));
}

void run(const std::string& file, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  char* fault = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, &fault), SQLITE_OK) << fault;
  sqlite3_free(fault);
  sqlite3_close(db);
}

// As the first version wrote it.
constexpr const char VERSION_1[] = R"(
CREATE TABLE maitred_schema (version INTEGER PRIMARY KEY, name TEXT NOT NULL,
  applied_at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT;
CREATE TABLE maitred_fence (only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  fence INTEGER NOT NULL) STRICT;
INSERT INTO maitred_schema (version, name) VALUES (1, 'jobs and instances');
CREATE TABLE jobs (
  creation INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, user TEXT NOT NULL, name TEXT NOT NULL,
  command TEXT NOT NULL, pool TEXT NOT NULL, submit_pool TEXT NOT NULL, state TEXT NOT NULL,
  priority INTEGER NOT NULL, cpus REAL NOT NULL, mem REAL NOT NULL, ports INTEGER NOT NULL,
  max_retries INTEGER NOT NULL, max_runtime_ms INTEGER NOT NULL,
  disable_mea_culpa INTEGER NOT NULL, group_uuid TEXT, group_name TEXT NOT NULL,
  submitted_ms INTEGER NOT NULL, waiting_since_ms INTEGER NOT NULL, completed_ms INTEGER NOT NULL,
  sequence INTEGER NOT NULL, details TEXT NOT NULL) STRICT;
CREATE TABLE instances (
  task_id TEXT PRIMARY KEY, job TEXT NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL,
  start_ms INTEGER NOT NULL, running_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,
  queue_time_ms INTEGER NOT NULL, reason INTEGER NOT NULL, cancelled INTEGER NOT NULL,
  preempted INTEGER NOT NULL, confirmed INTEGER NOT NULL, exit_code INTEGER,
  unreachable_ms INTEGER NOT NULL, cluster TEXT NOT NULL, node_id TEXT NOT NULL,
  hostname TEXT NOT NULL, ports TEXT NOT NULL, sandbox_url TEXT NOT NULL,
  sandbox_path TEXT NOT NULL, message TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX instances_by_job ON instances (job);
INSERT INTO jobs VALUES (4, '00000000-0000-1000-0000-000000000001', 'ana', 'n', 'true', 'p', '',
  'running', 50, 1.5, 64, 0, 2, 9, 0, '00000000-0000-1000-0000-000000000009', 'g', 10, 11, 0, 5,
  '{"env":[["K","v"]],"uris":[["u",true,false,true]],"constraints":[["rack","7"]]}');
INSERT INTO instances VALUES ('00000000-0000-2000-0000-000000000001',
  '00000000-0000-1000-0000-000000000001', 0, 'running', 12, 13, 0, 1, 0, 0, 0, 1, NULL, 0, 'local',
  'n1', 'h', '[31000]', '', '/s', '');
)";

TEST_F(RecordsTest, StoreOfTheFirstVersionIsTakenOver) {
  run(file(), VERSION_1);
  auto records = open();
  auto jobs = wait(records->load());
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_EQ(jobs[0].spec.environment, (Pairs{{"K", "v"}}));
  EXPECT_EQ(jobs[0].spec.uris, (std::vector<Uri>{{"u", true, false, true}}));
  EXPECT_EQ(jobs[0].spec.cpus, 1.5);
  ASSERT_THAT(jobs[0].instances, SizeIs(1));
  EXPECT_EQ(jobs[0].instances[0].ports, std::vector<std::uint16_t>{31000});
  auto groups = wait(records->loadAdministration()).groups;
  ASSERT_THAT(groups, SizeIs(1)) << "made of what the jobs say";
  EXPECT_EQ(groups[0].spec.id, *Uuid::parse("00000000-0000-1000-0000-000000000009"));
  EXPECT_EQ(groups[0].spec.name, "g");
  EXPECT_EQ(groups[0].spec.placement, HostPlacement{});
  EXPECT_EQ(groups[0].createdMs, 10) << "when its first job was submitted";
  wait(records->administer(0, {.shares = {{{"ana", ""}, 1, 1, 1}}}));
}

TEST_F(RecordsTest, AGroupThatIsKnownStaysAsItIs) {
  auto records = open();
  GroupRow first{{.id = id(50), .name = "first"}, 1}, second{{.id = id(50), .name = "second"}, 2};
  wait(records->insert(0, shared({}), {first}));
  Job one = job(1);
  one.spec.group = id(50);
  wait(records->insert(0, shared({one}), {second}));
  EXPECT_EQ(wait(records->loadAdministration()).groups, std::vector{first});
  wait(records->remove(0, {}, {}, {id(50)}));
  EXPECT_THAT(wait(records->loadAdministration()).groups, SizeIs(1)) << "it has a job";
  EXPECT_THAT(wait(records->findings()), IsEmpty());
}

TEST_F(RecordsTest, NewerStoreIsRefusedAndLeftAlone) {
  wait(open()->close());
  run(file(), "INSERT INTO maitred_schema (version, name) VALUES (1000, 'from the future')");
  EXPECT_THAT(failureOf(Records::open("sqlite:q.db", folder.path()).ignoreResult()),
              HasSubstr("has schema version 1000, this program knows versions up to"));
}

TEST_F(RecordsTest, RowsThatAreNotOursAreNamed) {
  auto records = open();
  wait(records->insert(0, shared({job(1)})));
  wait(records->store().write(
      0, [](store::Connection& db) { db.script("UPDATE jobs SET state = 'asleep'"); }));
  EXPECT_THAT(failureOf(records->load().ignoreResult()), HasSubstr("asleep"));
}

TEST_F(RecordsTest, FindingsNameWhatContradictsItself) {
  auto records = open();
  Job done = job(3);
  done.state = JobState::completed;
  done.completedMs = 9;
  wait(records->insert(0, shared({job(1), job(2), done})));
  EXPECT_THAT(wait(records->findings()), IsEmpty());
  Instance live = instance(1, 0);
  live.status = InstanceStatus::running;
  Instance second = instance(2, 1);
  second.status = InstanceStatus::unknown;
  wait(records->update(0, {{id(1), JobState::waiting, 0, 0, 1, 102, {live, second}, {}},
                           {id(2), JobState::running, 0, 0, 1, 102, {}, {}},
                           {id(3), JobState::completed, 0, 0, 1, 103, {}, {}}}));
  wait(records->store().write(0, [](store::Connection& db) {
    db.script(
        "INSERT INTO instances SELECT '00000000-0000-0000-0000-00000000aaaa', 'nobody', number, "
        "'failed', start_ms, running_ms, end_ms, queue_time_ms, reason, cancelled, preempted, "
        "confirmed, exit_code, unreachable_ms, cluster, node_id, hostname, '[99999]', sandbox_url, "
        "sandbox_path, message, progress, progress_message, executor FROM instances LIMIT 1");
  }));
  auto found = wait(records->findings());
  auto has = [&](const char* what, const Uuid& who) {
    return ::testing::Matches(
        ::testing::Contains(::testing::AllOf(HasSubstr(what), HasSubstr(who.text()))))(found);
  };
  EXPECT_TRUE(has("two instances that are not over", id(1)));
  EXPECT_TRUE(has("waits and has an instance", id(1)));
  EXPECT_TRUE(has("is running and has no instance", id(2)));
  EXPECT_TRUE(has("completed at no time", id(3)));
  EXPECT_TRUE(has("sequence is that of several jobs", id(1)));
  EXPECT_TRUE(has("belongs to no job", {0, 0xaaaa}));
  EXPECT_TRUE(has("cannot be read", {0, 0xaaaa}));
}

}  // namespace
}  // namespace maitred::cook
