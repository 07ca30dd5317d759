// What durability costs the queue: submissions in batches and one by one, changes of status with
// many completed jobs in the tables, and the load at the start. Files go to $TMPDIR, which should
// be a disk.

#include <store/records.h>

#include <maitred/testing/harness.h>

#include <benchmark/benchmark.h>

#include <kj/async-io.h>

#include <random>

namespace maitred::cook {
namespace {

class World {
 public:
  World() {
    reopen();
  }

  void reopen() {
    records = nullptr;
    records = Records::open("sqlite:q.db", folder.path()).wait(io.waitScope);
  }

  Job job() {
    Job job;
    JobSpec& spec = job.spec;
    spec.id = Uuid::fromRandom(random(), random());
    spec.user = "user" + std::to_string(random() % 500);
    spec.command = "sleep 60 && echo a command of usual length > /tmp/somewhere";
    spec.cpus = 1;
    spec.mem = 512;
    job.submittedMs = job.waitingSinceMs = 1'700'000'000'000;
    job.order = job.sequence = ++last;
    return job;
  }
  std::shared_ptr<const std::vector<Job>> jobs(std::size_t count, JobState state) {
    auto made = std::make_shared<std::vector<Job>>();
    made->reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      made->push_back(job());
      made->back().state = state;
    }
    return made;
  }
  static Instance instanceOf(const Job& job) {
    Instance one;
    one.taskId = {job.spec.id.low, job.spec.id.high};
    one.status = InstanceStatus::success;
    one.startMs = one.runningMs = one.endMs = 1'700'000'000'000;
    one.exitCode = 0;
    one.cluster = "local";
    one.nodeId = one.hostname = "node-17.example";
    one.sandboxPath = "/var/lib/maitred/sandboxes/" + job.spec.id.text();
    return one;
  }
  // Completed ones with an instance each, as a queue has them after some days.
  void fill(std::size_t count) {
    for (std::size_t done = 0; done < count; done += 2'000) {
      auto batch = jobs(2'000, JobState::completed);
      std::vector<JobUpdate> updates;
      for (const Job& one : *batch) updates.push_back(updateOf(one));
      auto inserted = records->insert(0, batch);
      records->update(0, std::move(updates)).wait(io.waitScope);
      inserted.wait(io.waitScope);
    }
  }
  JobUpdate updateOf(const Job& job) {
    return {job.spec.id, JobState::completed, 0, 1'700'000'000'000, 1,
            ++last,      {instanceOf(job)},   {}};
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  testing::TemporaryDirectory folder;
  std::mt19937_64 random{7};
  std::uint64_t last = 0;
  kj::Own<Records> records;
};

// Jobs in requests of so many each, 8 requests at a time; so many thousand completed ones present.
void insert(benchmark::State& state) {
  World world;
  world.fill(static_cast<std::size_t>(state.range(1)) * 1'000);
  auto batch = static_cast<std::size_t>(state.range(0));
  std::int64_t written = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::shared_ptr<const std::vector<Job>>> requests;
    for (int i = 0; i < 8; ++i) requests.push_back(world.jobs(batch, JobState::waiting));
    state.ResumeTiming();
    kj::Vector<kj::Promise<void>> all;
    for (auto& request : requests) all.add(world.records->insert(0, std::move(request)));
    kj::joinPromises(all.releaseAsArray()).wait(world.io.waitScope);
    written += static_cast<std::int64_t>(batch) * 8;
  }
  state.SetItemsProcessed(written);
}
BENCHMARK(insert)
    ->ArgNames({"batch", "thousand_completed"})
    ->Args({1, 0})
    ->Args({500, 0})
    ->Args({500, 1'000})
    ->UseRealTime();

// Ends of 500 jobs in one write.
void update(benchmark::State& state) {
  World world;
  world.fill(static_cast<std::size_t>(state.range(0)) * 1'000);
  std::int64_t written = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto batch = world.jobs(500, JobState::waiting);
    world.records->insert(0, batch).wait(world.io.waitScope);
    std::vector<JobUpdate> updates;
    for (const Job& one : *batch) updates.push_back(world.updateOf(one));
    state.ResumeTiming();
    world.records->update(0, std::move(updates)).wait(world.io.waitScope);
    written += 500;
  }
  state.SetItemsProcessed(written);
}
BENCHMARK(update)->ArgName("thousand_completed")->Arg(0)->Arg(1'000)->UseRealTime();

void load(benchmark::State& state) {
  World world;
  world.fill(static_cast<std::size_t>(state.range(0)) * 1'000);
  for (auto _ : state) {
    world.reopen();
    benchmark::DoNotOptimize(world.records->load().wait(world.io.waitScope).size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * 1'000);
}
BENCHMARK(load)
    ->ArgName("thousand_completed")
    ->Arg(100)
    ->Arg(1'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

}  // namespace
}  // namespace maitred::cook
