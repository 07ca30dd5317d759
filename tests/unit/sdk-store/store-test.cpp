#include "store-fixture.h"

#include <fstream>

namespace maitred::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(StoreTest, ReadsWhatItWroteWithTypes) {
  auto store = open();
  wait(store->write(0, [](Connection& c) {
    c.script("CREATE TABLE v (a INTEGER, b REAL, c TEXT, d BLOB)");
    c.execute("INSERT INTO v VALUES (?1, ?2, ?3, ?4)", uint64_t(1) << 62, 2.5,
              std::string("x\0y", 3), Blob{1, 0, 2});
    c.execute("INSERT INTO v VALUES (?1, ?2, ?3, ?4)", -3, std::optional<double>(),
              kj::StringPtr("z"), nullptr);
  }));
  auto all = wait(store->read([](Connection& c) {
    return c.all<int64_t, std::optional<double>, std::string, std::optional<Blob>>(
        "SELECT * FROM v ORDER BY a");
  }));
  using Line = std::tuple<int64_t, std::optional<double>, std::string, std::optional<Blob>>;
  EXPECT_THAT(all, ElementsAre(Line(-3, std::nullopt, "z", std::nullopt),
                               Line(int64_t(1) << 62, 2.5, std::string("x\0y", 3), Blob{1, 0, 2})));
}

TEST_F(StoreTest, MisuseIsNamed) {
  auto store = open();
  wait(store->write(0, insert(1)));
  auto fails = [&](auto unit) { return failureOf(store->read(std::move(unit))); };
  EXPECT_THAT(fails([](Connection& c) { c.value<std::string>("SELECT note FROM job"); }),
              HasSubstr("NULL"));
  EXPECT_THAT(fails([](Connection& c) { c.value<int64_t>("SELECT user FROM job"); }),
              HasSubstr("no integer"));
  EXPECT_THAT(fails([](Connection& c) { c.value<uint8_t>("SELECT 256"); }), HasSubstr("range"));
  EXPECT_THAT(fails([](Connection& c) { c.value<uint64_t>("SELECT -1"); }), HasSubstr("range"));
  EXPECT_THAT(fails([](Connection& c) { c.execute("SELECT ?1"); }),
              HasSubstr("1 parameters, 0 were given"));
  EXPECT_THAT(fails([](Connection& c) { c.execute("SELECT 1; SELECT 2"); }),
              HasSubstr("one statement"));
  EXPECT_THAT(fails([](Connection& c) { c.execute("DELETE FROM job"); }), HasSubstr("readonly"));
  EXPECT_THAT(fails([](Connection& c) { c.execute("SELECT ?1", UINT64_MAX); }), HasSubstr("2^63"));
  EXPECT_EQ(rows(*store), 1);
}

TEST_F(StoreTest, OneFailingUnitLeavesItsGroupAlone) {
  auto store = open();
  std::vector<kj::Promise<void>> good;
  for (int i = 0; i < 20; ++i) good.push_back(store->write(0, insert(i)));
  auto clash = store->write(0, [](Connection& c) {
    c.execute("INSERT INTO job (id, user) VALUES (100, 'bo')");
    c.execute("INSERT INTO job (id, user) VALUES (5, 'bo')");
  });
  auto thrown = store->write(0, [](Connection& c) {
    c.execute("INSERT INTO job (id, user) VALUES (101, 'bo')");
    throw std::runtime_error("changed my mind");
  });
  for (int i = 20; i < 40; ++i) good.push_back(store->write(0, insert(i)));
  EXPECT_THAT(failureOf(kj::mv(clash)), HasSubstr("UNIQUE"));
  EXPECT_EQ(failure, kj::Exception::Type::FAILED);
  EXPECT_THAT(failureOf(kj::mv(thrown)), HasSubstr("changed my mind"));
  for (auto& promise : good) wait(kj::mv(promise));
  EXPECT_EQ(rows(*store), 40);
  EXPECT_LT(store->counts().commits, 10u) << "submitted together, committed together";
  EXPECT_TRUE(store->degraded() == nullptr) << "a bad unit is no trouble of the store";
}

TEST_F(StoreTest, ResolvesInOrderOfSubmission) {
  auto store = open();
  std::vector<int> order;
  std::vector<kj::Promise<void>> promises;
  for (int i = 0; i < 300; ++i) {
    promises.push_back(store->write(0, insert(i))
                           .then([&order, i]() { order.push_back(i); })
                           .eagerlyEvaluate(nullptr));
  }
  for (auto& promise : promises) wait(kj::mv(promise));
  EXPECT_EQ(order.size(), 300u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(StoreTest, LowerFenceIsRefusedAlsoAfterReopening) {
  {
    auto store = open();
    wait(store->write(7, insert(1)));
    EXPECT_THAT(failureOf(store->write(6, insert(2))), HasSubstr("fenced"));
    wait(store->write(0, insert(3)));
    wait(store->write(7, insert(4)));
    EXPECT_NE(failureOf(store->write(9, [](Connection&) { throw std::runtime_error("no"); })), "");
    wait(store->write(8, insert(5)));  // the failed unit has not raised it to 9
  }
  auto store = open();
  EXPECT_THAT(failureOf(store->write(7, insert(6))), HasSubstr("superseded by 8"));
  EXPECT_EQ(rows(*store), 4);
}

TEST_F(StoreTest, SecondOpenerHearsWhoHoldsIt) {
  auto store = open();
  auto text = failureOf(Store::open(options()));
  EXPECT_THAT(text, HasSubstr("in use by process " + std::to_string(getpid())));
  store = nullptr;
  open();
}

TEST_F(StoreTest, MigratesStepByStepAndRefusesNewer) {
  { wait(open()->write(0, insert(1))); }
  static const Migration two[] = {firstVersion[0],
                                  {2, "done", "ALTER TABLE job ADD COLUMN done INTEGER DEFAULT 7"}};
  auto newer = options();
  newer.migrations = kj::arrayPtr(two, 2);
  {
    auto store = open(newer);
    EXPECT_EQ(
        wait(store->read([](Connection& c) { return *c.value<int>("SELECT done FROM job"); })), 7);
  }
  EXPECT_THAT(failureOf(Store::open(options())),
              HasSubstr("schema version 2, this program knows versions up to 1"));
  static const Migration broken[] = {
      two[0], two[1], {3, "bad", "CREATE TABLE a (x); CREATE TABLE a (x)"}};
  newer.migrations = kj::arrayPtr(broken, 3);
  EXPECT_THAT(failureOf(Store::open(newer)), HasSubstr("migration 3 (bad) failed"));
  newer.migrations = kj::arrayPtr(two, 2);
  auto store = open(newer);  // nothing of the failed one is left
  EXPECT_EQ(wait(store->read([](Connection& c) {
              return *c.value<int>("SELECT count(*) FROM sqlite_schema WHERE name = 'a'");
            })),
            0);
}

TEST_F(StoreTest, UrlsAreChecked) {
  EXPECT_FALSE(faultInUrl("sqlite:a.db"));
  EXPECT_THAT(faultInUrl("postgresql://h/d").value(), HasSubstr("not in this version"));
  EXPECT_THAT(faultInUrl("a.db").value(), HasSubstr("write sqlite:"));
  EXPECT_THAT(faultInUrl("sqlite:").value(), HasSubstr("names no file"));
  auto wrong = options();
  wrong.url = "postgresql://h/d";
  EXPECT_THAT(failureOf(Store::open(wrong)), HasSubstr("PostgreSQL"));
}

TEST_F(StoreTest, ForeignFileIsCorrupt) {
  std::ofstream(directory + "/t.db") << std::string(8192, 'x');
  EXPECT_THAT(failureOf(Store::open(options())), HasSubstr("not a database"));
  EXPECT_EQ(failure, kj::Exception::Type::OVERLOADED);
}

TEST_F(StoreTest, BackupIsACompleteCopyAndIntegrityLooks) {
  auto store = open();
  for (int i = 0; i < 50; ++i) wait(store->write(0, insert(i)));
  auto more = store->write(0, insert(50));
  wait(store->backup(directory + "/copy.db"));
  wait(kj::mv(more));
  EXPECT_THAT(wait(store->integrity()), ::testing::IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(directory + "/copy.db.part"));
  auto copy = options();
  copy.url = "sqlite:copy.db";
  EXPECT_GE(rows(*open(copy)), 50);
  EXPECT_THAT(failureOf(store->backup(directory + "/nowhere/copy.db")),
              HasSubstr("cannot back up"));
}

TEST_F(StoreTest, CloseFlushesAndRefusesAfterwards) {
  auto store = open();
  auto written = store->write(0, insert(1));
  auto closed = store->close();
  EXPECT_THAT(failureOf(store->write(0, insert(2))), HasSubstr("closed"));
  EXPECT_EQ(failure, kj::Exception::Type::DISCONNECTED);
  wait(kj::mv(closed));
  wait(kj::mv(written));
  EXPECT_EQ(std::filesystem::file_size(directory + "/t.db-wal"), 0u);
}

TEST_F(StoreTest, DestructionCommitsWhatWasSubmitted) {
  auto store = open();
  auto written = store->write(0, insert(1));
  store = nullptr;
  wait(kj::mv(written));
  EXPECT_EQ(rows(*open()), 1);
}

TEST_F(StoreTest, QueueIsBounded) {
  auto small = options();
  small.queueMax = 10;
  auto store = open(small);
  auto blocked = std::make_shared<std::atomic<bool>>(true);
  auto first = store->write(0, [blocked](Connection&) {
    while (*blocked) {
    }
  });
  std::vector<kj::Promise<void>> promises;
  for (int i = 0; i < 20; ++i) promises.push_back(store->write(0, insert(i)));
  EXPECT_THAT(failureOf(kj::mv(promises.back())), HasSubstr("too many"));
  EXPECT_EQ(failure, kj::Exception::Type::OVERLOADED);
  promises.pop_back();
  *blocked = false;
  wait(kj::mv(first));
  wait(store->flush());
}

TEST_F(StoreTest, ReadsGoOnWhileAWriterWorks) {
  auto store = open();
  wait(store->write(0, insert(1)));
  auto blocked = std::make_shared<std::atomic<bool>>(true);
  auto writing = store->write(0, [blocked](Connection& c) {
    c.execute("INSERT INTO job (id, user) VALUES (2, 'bo')");
    while (*blocked) {
    }
  });
  EXPECT_EQ(rows(*store), 1) << "nothing of an open transaction is seen";
  *blocked = false;
  wait(kj::mv(writing));
  EXPECT_EQ(rows(*store), 2);
}

}  // namespace
}  // namespace maitred::store
