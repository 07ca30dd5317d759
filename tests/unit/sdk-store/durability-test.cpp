// What the store promises when things break: the process dies, the disk is full.
#include "store-fixture.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <kj/debug.h>

#include <chrono>
#include <csignal>

namespace maitred::store {
namespace {

using ::testing::HasSubstr;

// Writes for ever; each acknowledged id goes to `fd`.
[[noreturn]] void writeUntilKilled(const Options& options, int fd) {
  auto io = kj::setupAsyncIo();
  auto store = Store::open(options).wait(io.waitScope);
  for (int64_t next = 0;; next += 16) {
    kj::Vector<kj::Promise<void>> group;
    for (int64_t id = next; id < next + 16; ++id) {
      group.add(store
                    ->write(0,
                            [id](Connection& c) {
                              c.execute("INSERT INTO job (id, user) VALUES (?1, 'ana')", id);
                            })
                    .then([id, fd]() { KJ_ASSERT(write(fd, &id, sizeof(id)) == sizeof(id)); }));
    }
    kj::joinPromises(group.releaseAsArray()).wait(io.waitScope);
  }
}

TEST_F(StoreTest, WhatWasAcknowledgedSurvivesKill9) {
  for (int round = 0; round < 3; ++round) {
    int ends[2];
    KJ_SYSCALL(pipe(ends));
    std::filesystem::remove(directory + "/t.db");
    std::filesystem::remove(directory + "/t.db-wal");
    std::filesystem::remove(directory + "/t.db-shm");
    pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      // A loop of its own: the one inherited from the parent belongs to the parent's thread.
      kj::Thread([&]() { writeUntilKilled(options(), ends[1]); }).detach();
      for (;;) pause();
    }
    close(ends[1]);
    std::vector<int64_t> acknowledged;
    int64_t id;
    while (acknowledged.size() < size_t(200 + 400 * round) &&
           read(ends[0], &id, sizeof(id)) == sizeof(id)) {
      acknowledged.push_back(id);
    }
    kill(child, SIGKILL);
    while (read(ends[0], &id, sizeof(id)) == sizeof(id)) acknowledged.push_back(id);
    close(ends[0]);
    waitpid(child, nullptr, 0);
    ASSERT_GE(acknowledged.size(), 200u);
    auto store = open();  // the dead process's lock is gone
    auto missing = wait(store->read([acknowledged](Connection& c) {
      size_t missing = 0;
      for (auto id : acknowledged)
        missing += !c.value<int64_t>("SELECT id FROM job WHERE id = ?1", id);
      return missing;
    }));
    EXPECT_EQ(missing, 0u);
    EXPECT_THAT(wait(store->integrity()), ::testing::IsEmpty());
  }
}

auto insertLarge(int64_t id) {
  return [id](Connection& c) {
    c.execute("INSERT INTO job (id, user, note) VALUES (?1, 'ana', ?2)", id,
              std::string(20'000, 'n'));
  };
}

TEST_F(StoreTest, FullStoreIsDegradedUntilThereIsRoom) {
  auto limited = options();
  limited.bytesMax = 200'000;
  auto store = open(limited);
  std::string text;
  int64_t id = 0;
  while (text.empty() && id < 100) text = failureOf(store->write(0, insertLarge(id++)));
  EXPECT_THAT(text, HasSubstr("full"));
  EXPECT_EQ(failure, kj::Exception::Type::OVERLOADED);
  KJ_IF_MAYBE (trouble, store->degraded()) {
    EXPECT_EQ(trouble->kind, StoreError::Kind::full);
  } else {
    ADD_FAILURE() << "not degraded";
  }
  EXPECT_EQ(rows(*store), id - 1) << "the failed one is absent, the others are there";
  wait(store->write(0, [](Connection& c) { c.execute("DELETE FROM job WHERE id < 5"); }));
  EXPECT_TRUE(store->degraded() == nullptr);
  wait(store->write(0, insertLarge(1000)));
}

TEST_F(StoreTest, FileSizeLimitOfTheProcessIsAnIoError) {
  auto store = open();
  wait(store->write(0, insertLarge(0)));
  auto former = signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small{150'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string text;
  int64_t id = 1;
  while (text.empty() && id < 100) text = failureOf(store->write(0, insertLarge(id++)));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, former);
  EXPECT_NE(text, "");
  EXPECT_EQ(failure, kj::Exception::Type::OVERLOADED);
  EXPECT_FALSE(store->degraded() == nullptr);
  wait(store->write(0, insertLarge(1000)));
  EXPECT_TRUE(store->degraded() == nullptr);
  EXPECT_EQ(rows(*store), id);
  EXPECT_THAT(wait(store->integrity()), ::testing::IsEmpty());
}

TEST_F(StoreTest, GroupsCarryManyRows) {
  auto store = open();
  constexpr int64_t count = 20'000;
  auto start = std::chrono::steady_clock::now();
  kj::Vector<kj::Promise<void>> all;
  for (int64_t id = 0; id < count; ++id) all.add(store->write(0, insert(id)));
  wait(kj::joinPromises(all.releaseAsArray()));
  auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("rows_per_second", int(count / took));
  EXPECT_EQ(rows(*store), count);
  EXPECT_LE(store->counts().commits, 2'000u);
  EXPECT_LT(took, 20) << "far below any machine's due: groups do not form";
}

}  // namespace
}  // namespace maitred::store
