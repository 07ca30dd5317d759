// CaseLog on a simulated clock: recording goes on in files of a bounded size, stops when they
// cannot be written, and begins anew; the queue decides all the while.
#include "case-history.h"

#include <case/case-log.h>
#include <case/replay.h>

#include <maitred/testing/simulated-loop.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::HasSubstr;

// A disk in memory that can fail or hang.
struct Disk {
  std::vector<std::string> files;
  std::size_t prunes = 0, discards = 0;
  bool full = false;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> hanging;
  bool hangs = false;
};

class DiskSink final : public CaseSink {
 public:
  explicit DiskSink(Disk& disk) : disk(disk) {}
  kj::Promise<std::uint64_t> write(kj::Vector<Recorder::Message> records, bool begin,
                                   bool prune) override {
    EXPECT_FALSE(busy) << "one call at a time";
    if (disk.full) return KJ_EXCEPTION(FAILED, "no space left on device");
    if (begin) disk.files.push_back(casePreamble());
    for (auto& record : records) appendFrame(disk.files.back(), *record);
    disk.prunes += prune;
    std::uint64_t size = disk.files.back().size();
    if (!disk.hangs) return size;
    busy = true;
    auto pair = kj::newPromiseAndFulfiller<void>();
    disk.hanging = kj::mv(pair.fulfiller);
    return pair.promise.then([this, size] {
      busy = false;
      return size;
    });
  }
  kj::Promise<void> discard() override {
    EXPECT_FALSE(busy);
    ++disk.discards;
    if (!disk.files.empty()) disk.files.pop_back();
    return kj::READY_NOW;
  }

 private:
  Disk& disk;
  bool busy = false;
};

class CaseLogTest : public ::testing::Test {
 public:
  ~CaseLogTest() noexcept override {}

 protected:
  maitred::testing::SimulatedLoop loop;
  std::vector<std::string> lines;
  log::Logger log{[this](log::Level, kj::StringPtr text) { lines.emplace_back(text.cStr()); },
                  log::Level::info};
  metrics::Registry metrics;
  Disk disk;
  Book book;
  NodeTable nodes;
  DominantResource dru;
  std::uint64_t ids = 0;
  kj::Own<CaseLog> cases;

  void SetUp() override {
    for (int i = 0; i < 3; ++i) {
      NodeFacts facts;
      facts.key = {"sim", "n" + std::to_string(i)};
      facts.capacity = {8000, std::int64_t{1} << 33, 0, 0};
      nodes.put(facts, {facts.capacity, 0, 1});
    }
  }
  void start(std::uint64_t sizeMost) {
    CaseWorld world{book, nodes, loop.timer(), kj::nullClock(), log, metrics, "cook"};
    cases = kj::heap<CaseLog>(kj::mv(world), kj::heap<DiskSink>(disk), sizeMost,
                              [this] { return Uuid{7, ++ids}; });
  }
  Job* submit(const std::string& zone = "") {
    Job job;
    job.spec.id = {1, ++ids};
    job.spec.user = "ana";
    job.spec.cpus = 1;
    job.spec.mem = 16;
    if (!zone.empty()) job.spec.constraints = {{"zone", zone}};
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    return book.add(std::move(job));
  }
  // Starts a job and ends it.
  CycleResult cycle() {
    submit();
    std::int64_t now = (loop.timer().now() - kj::origin<kj::TimePoint>()) / kj::MILLISECONDS;
    CycleResult result = cases->cycle({}, now, {}, [&](const CycleOptions& options) {
      return runCycle(book, nodes, dru, nullptr, options, now, [this] { return Uuid{2, ++ids}; });
    });
    for (const auto& one : result.started) {
      nodes.letGo(one.node, one.taskId);
      Report end;
      end.status = InstanceStatus::success;
      end.atMs = now;
      book.report(one.taskId, end, now);
    }
    loop.advance(10 * kj::MILLISECONDS);
    return result;
  }
  ReplayReport replayed() {
    CaseReplay replay({});
    for (const std::string& file : disk.files) replay.add("f", file);
    return replay.report();
  }
  double lost() {
    return metrics.counter("maitred_cook_case_lost_cycles_total",
                           "Cycles that should have been recorded and were not").value();
  }
};

TEST_F(CaseLogTest, FilesAreBoundedAndGoOnFromEachOther) {
  start(20'000);
  for (int i = 0; i < 1000; ++i) cycle();
  loop.wait(cases->flush());
  ASSERT_GT(disk.files.size(), 3u);
  for (const std::string& file : disk.files) EXPECT_LT(file.size(), 22'000u);
  EXPECT_EQ(disk.prunes, disk.files.size());
  ReplayReport report = replayed();
  EXPECT_EQ(report.cycles, 1000u);
  EXPECT_EQ(report.unknown, 0u);
  EXPECT_EQ(report.agreed, 1000u);
  EXPECT_EQ(lost(), 0);
}

TEST_F(CaseLogTest, AFullDiskStopsTheRecordingAndNothingElse) {
  start(1'000'000);
  for (int i = 0; i < 5; ++i) cycle();
  disk.full = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(cycle().started.size(), 1u);
  EXPECT_FALSE(cases->recording());
  EXPECT_GT(lost(), 0);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.back(), HasSubstr("no space left on device"));
  std::size_t said = lines.size();
  loop.advance(5 * kj::MINUTES);
  EXPECT_EQ(lines.size(), said) << "it is said once";
  disk.full = false;
  loop.advance(31 * kj::SECONDS);
  EXPECT_TRUE(cases->recording());
  EXPECT_THAT(lines.back(), HasSubstr("recorded again"));
  for (int i = 0; i < 5; ++i) cycle();
  loop.wait(cases->flush());
  ReplayReport report = replayed();
  EXPECT_EQ(report.differ(), 0u);
  EXPECT_GE(report.replayed(), 9u);
}

TEST_F(CaseLogTest, AStateThatFitsNoFileIsSaidAndItsPartsGo) {
  for (int i = 0; i < 3000; ++i) submit();
  start(20'000);
  loop.advance(1 * kj::SECONDS);
  EXPECT_FALSE(cases->recording());
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.back(), HasSubstr("case_file.size must be larger"));
  EXPECT_EQ(disk.discards, 1u);
  EXPECT_TRUE(disk.files.empty());
}

TEST_F(CaseLogTest, ADiskThatHangsGetsNoSecondCall) {
  start(1'000'000);
  disk.hangs = true;
  for (int i = 0; i < 50; ++i) cycle();
  EXPECT_TRUE(cases->recording());
  disk.hangs = false;
  KJ_IF_MAYBE (fulfiller, disk.hanging) fulfiller->get()->fulfill();
  loop.wait(cases->flush());
  ReplayReport report = replayed();
  EXPECT_EQ(report.cycles, 50u);
  EXPECT_EQ(report.agreed, 50u);
}

TEST_F(CaseLogTest, WhatComesFasterThanItCanBeWrittenIsGivenUp) {
  start(100'000'000);
  cycle();
  disk.hangs = true;
  for (int i = 0; i < 1000 && cases->recording(); ++i) {
    for (int more = 0; more < 10; ++more) submit(std::string(10'000, 'x') + std::to_string(ids));
    cycle();
  }
  EXPECT_FALSE(cases->recording());
  EXPECT_THAT(lines.back(), HasSubstr("faster than they can be written"));
  loop.advance(2 * kj::MINUTES);
  EXPECT_FALSE(cases->recording()) << "as long as the old call hangs";
  disk.hangs = false;
  KJ_IF_MAYBE (fulfiller, disk.hanging) fulfiller->get()->fulfill();
  loop.advance(31 * kj::SECONDS);
  EXPECT_TRUE(cases->recording());
  cycle();
  loop.wait(cases->flush());
  EXPECT_EQ(replayed().differ(), 0u);
}

TEST_F(CaseLogTest, ALargeStateIsWrittenInPartsWhileCyclesGoOn) {
  for (int i = 0; i < 20'000; ++i) submit();
  start(50'000'000);
  int during = 0;
  for (int i = 0; i < 200; ++i) {
    cycle();
    ++during;
  }
  loop.wait(cases->flush());
  ReplayReport report = replayed();
  EXPECT_EQ(report.cycles, 200u);
  EXPECT_EQ(report.differ(), 0u);
  EXPECT_GT(report.replayed(), 150u);
}

}  // namespace
}  // namespace maitred::cook
