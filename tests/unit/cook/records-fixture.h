#pragma once
#include <store/records.h>

#include <maitred/testing/harness.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kj/async-io.h>

#include <memory>

namespace maitred::cook {

// A store of the queue in a folder of its own.
class RecordsTest : public ::testing::Test {
 protected:
  ~RecordsTest() noexcept override {}

  kj::Own<Records> open() { return wait(Records::open("sqlite:q.db", folder.path())); }
  std::string file() const { return folder.path() + "/q.db"; }

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return io.provider->getTimer()
        .timeoutAfter(60 * kj::SECONDS, kj::mv(promise))
        .wait(io.waitScope);
  }
  // The text of the promise's exception; empty if it is kept.
  template <typename T>
  std::string failureOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() { wait(kj::mv(promise)); })) {
      return e->getDescription().cStr();
    }
    return "";
  }

  static Uuid id(std::uint64_t n) { return {0x1000, n}; }
  // With something in every column.
  static Job job(std::uint64_t n) {
    Job job;
    JobSpec& spec = job.spec;
    spec.id = id(n);
    spec.user = "ana";
    spec.name = "näme \"quoted\"";
    spec.command = "echo 'a\nb'";
    spec.pool = "batch";
    spec.submitPool = "asked";
    spec.cpus = 0.5;
    spec.mem = 128.25;
    spec.gpus = 2;
    spec.maxRetries = 3;
    spec.priority = 70;
    spec.maxRuntimeMs = 1234;
    spec.ports = 2;
    spec.disableMeaCulpa = true;
    spec.environment = {{"B", "2"}, {"A", "1"}};
    spec.labels = {{"team", "x"}};
    spec.uris = {{"http://host/file", true, false, true}};
    spec.constraints = {{"rack", "7"}};
    spec.extra = R"({"application":{"name":"a"},"checkpoint":{"mode":"auto"}})";
    spec.demands = {{.checkpoint = true}};
    job.state = JobState::waiting;
    job.submittedMs = 1'000 + static_cast<std::int64_t>(n);
    job.waitingSinceMs = 2'000;
    job.order = n;
    job.sequence = 100 + n;
    return job;
  }
  static Instance instance(std::uint64_t n, int number) {
    Instance one;
    one.taskId = {0x2000, n};
    one.number = number;
    one.status = InstanceStatus::failed;
    one.startMs = 10;
    one.runningMs = 20;
    one.endMs = 30;
    one.queueTimeMs = 40;
    one.reason = 1003;
    one.cancelled = one.preempted = one.confirmed = true;
    one.exitCode = -1;
    one.unreachableMs = 50;
    one.cluster = "local";
    one.nodeId = "node";
    one.hostname = "host";
    one.ports = {31000, 31001};
    one.sandboxUrl = "http://host/sandbox";
    one.sandboxPath = "/sandbox";
    one.message = "it broke";
    one.progress = {{40, "reading"}};
    one.executor = Executor::cook;
    return one;
  }
  static std::shared_ptr<const std::vector<Job>> shared(std::vector<Job> jobs) {
    return std::make_shared<std::vector<Job>>(std::move(jobs));
  }
  std::int64_t count(Records& records, std::string sql) {
    return wait(records.store().read(
        [sql](store::Connection& db) { return db.value<std::int64_t>(sql).value_or(-1); }));
  }

  testing::TemporaryDirectory folder;
  // By pointer, since a fixture's destructor must not throw.
  std::unique_ptr<kj::AsyncIoContext> context =
      std::make_unique<kj::AsyncIoContext>(kj::setupAsyncIo());
  kj::AsyncIoContext& io = *context;
};

}  // namespace maitred::cook
