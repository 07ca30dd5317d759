// A store without threads, on a loop whose clock only moves when told.
#include <maitred/store.h>
#include <maitred/testing/harness.h>
#include <maitred/testing/simulated-loop.h>

#include <gtest/gtest.h>

namespace maitred::store {
namespace {

const Migration MIGRATIONS[] = {{1, "t", "CREATE TABLE t (n INTEGER) STRICT"}};

TEST(PacedStore, WorksOnTheLoopInTheTimeOfItsPace) {
  testing::TemporaryDirectory directory;
  testing::SimulatedLoop loop;
  Options options{.url = "sqlite:t.db", .directory = directory.path(), .migrations = MIGRATIONS};
  options.pace = [&] { return loop.timer().afterDelay(5 * kj::MILLISECONDS); };
  auto store = loop.wait(Store::open(options));
  auto before = loop.timer().now();

  // All that is submitted while the disk is busy is one commit.
  auto commits = store->counts().commits;
  kj::Vector<kj::Promise<void>> writes;
  for (int n = 0; n < 10; ++n) {
    writes.add(store->write(0, [n](Connection& c) { c.execute("INSERT INTO t VALUES (?1)", n); }));
  }
  loop.settle();
  EXPECT_EQ(store->counts().waiting, 10u);
  loop.wait(kj::joinPromises(writes.releaseAsArray()));
  EXPECT_EQ(loop.timer().now() - before, 5 * kj::MILLISECONDS);
  EXPECT_EQ(store->counts().commits, commits + 1);
  auto sum = loop.wait(
      store->read([](Connection& c) { return *c.value<int64_t>("SELECT sum(n) FROM t"); }));
  EXPECT_EQ(sum, 45);
}

TEST(PacedStore, CommitsWhatWasSubmittedWhenItIsDestroyed) {
  testing::TemporaryDirectory directory;
  testing::SimulatedLoop loop;
  Options options{.url = "sqlite:t.db", .directory = directory.path(), .migrations = MIGRATIONS};
  options.pace = [&] { return loop.timer().afterDelay(1 * kj::MILLISECONDS); };
  auto store = loop.wait(Store::open(options));
  auto write = store->write(0, [](Connection& c) { c.execute("INSERT INTO t VALUES (7)"); });
  store = nullptr;
  loop.wait(kj::mv(write));
  store = loop.wait(Store::open(options));
  auto found =
      loop.wait(store->read([](Connection& c) { return *c.value<int64_t>("SELECT n FROM t"); }));
  EXPECT_EQ(found, 7);
}

TEST(PacedStore, NamesTheFileSystemThatIsNotThere) {
  testing::TemporaryDirectory directory;
  testing::SimulatedLoop loop;
  Options options{.url = "sqlite:t.db", .directory = directory.path(), .migrations = MIGRATIONS};
  options.pace = [] { return kj::Promise<void>(kj::READY_NOW); };
  options.vfs = "no-such-vfs";
  std::string problem;
  KJ_IF_MAYBE (e, kj::runCatchingExceptions([&] { loop.wait(Store::open(options)); })) {
    problem = e->getDescription().cStr();
  }
  EXPECT_NE(problem.find("no-such-vfs"), std::string::npos) << problem;
}

}  // namespace
}  // namespace maitred::store
