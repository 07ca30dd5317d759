// The small durable space of an instance: what it keeps, what it refuses, what a crash leaves.
#include "host/runtime/key-values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <maitred/testing/harness.h>

#include <kj/async-io.h>

#include <filesystem>
#include <fstream>
#include <memory>

namespace maitred::host {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class KeyValuesTest : public ::testing::Test {
 protected:
  KeyValuesTest() {
    folder = base.path() + "/state";
    start();
  }
  ~KeyValuesTest() noexcept override {
    values = nullptr;
  }

  void start() {
    values = nullptr;
    values = std::make_unique<KeyValues>(folder);
  }
  template <typename T>
  T wait(kj::Promise<T> promise) {
    return io->provider->getTimer()
        .timeoutAfter(60 * kj::SECONDS, kj::mv(promise))
        .wait(io->waitScope);
  }
  std::string failureOf(kj::Function<kj::Promise<void>()> work) {
    KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() { wait(work()); })) {
      return e->getDescription().cStr();
    }
    return "";
  }
  std::string valueOf(const std::string& key) {
    auto* found = values->find(key);
    return found == nullptr ? "(none)" : *found;
  }

  maitred::testing::TemporaryDirectory base;
  std::string folder;
  std::unique_ptr<kj::AsyncIoContext> io = std::make_unique<kj::AsyncIoContext>(kj::setupAsyncIo());
  std::unique_ptr<KeyValues> values;
};

TEST_F(KeyValuesTest, KeepsValuesAcrossAStart) {
  std::string bytes("a\0\n\xff", 4);
  wait(values->put(1, "one", "1"));
  wait(values->put(1, "two/../2", bytes));
  wait(values->put(1, "empty", ""));
  wait(values->put(1, "one", "uno"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(valueOf("one"), "uno");
    EXPECT_EQ(valueOf("two/../2"), bytes) << "a key is no path";
    EXPECT_EQ(valueOf("empty"), "");
    EXPECT_EQ(valueOf("three"), "(none)");
    start();
  }
}

TEST_F(KeyValuesTest, RemovedKeyStaysAwayAndLeavesItsPlaceToOthers) {
  wait(values->put(1, "one", "1"));
  wait(values->put(1, "two", "2"));
  wait(values->remove(1, "one"));
  wait(values->remove(1, "unknown"));
  EXPECT_EQ(valueOf("one"), "(none)");
  wait(values->put(1, "three", "3"));
  start();
  EXPECT_EQ(valueOf("one"), "(none)");
  EXPECT_EQ(valueOf("two"), "2");
  EXPECT_EQ(valueOf("three"), "3");
}

TEST_F(KeyValuesTest, IsSeenOnlyOnceItIsDurable) {
  auto put = values->put(1, "one", "1");
  EXPECT_EQ(valueOf("one"), "(none)");
  wait(kj::mv(put));
  EXPECT_EQ(valueOf("one"), "1");
}

TEST_F(KeyValuesTest, WritesAreInOrderThoughNobodyWaits) {
  for (int i = 0; i < 20; ++i) {
    auto dropped = values->put(1, "one", std::to_string(i));
    auto removed = values->remove(1, "two");
  }
  wait(values->put(1, "last", ""));
  EXPECT_EQ(valueOf("one"), "19");
}

// A plugin that is removed may have asked for a write that nobody wants any more.
TEST_F(KeyValuesTest, WritesUnderWayEndWithIt_AndWhoWaitsHearsOfIt) {
  auto first = values->put(1, "a", "1");
  auto second = values->put(1, "b", "2");
  io->provider->getTimer().afterDelay(0 * kj::SECONDS).wait(io->waitScope);
  values = nullptr;
  for (auto* promise : {&first, &second}) {
    EXPECT_NE(failureOf([&]() { return kj::mv(*promise); }), "");
  }
  start();
  wait(values->put(1, "a", "3"));
  EXPECT_EQ(valueOf("a"), "3");
}

TEST_F(KeyValuesTest, LowerFenceIsRefusedAlsoAfterAStart) {
  wait(values->put(5, "one", "5"));
  EXPECT_THAT(failureOf([&] { return values->put(4, "one", "4"); }), HasSubstr("higher fence"));
  wait(values->remove(6, "one"));
  start();
  EXPECT_THAT(failureOf([&] { return values->put(5, "one", "5"); }), HasSubstr("higher fence"))
      << "though the key that it was written with is gone";
  wait(values->put(6, "one", "6"));
  EXPECT_EQ(valueOf("one"), "6");
}

TEST_F(KeyValuesTest, LimitsAreExact) {
  wait(values->put(1, std::string(KeyValues::maxKey, 'k'), std::string(KeyValues::maxValue, 'v')));
  start();
  EXPECT_EQ(valueOf(std::string(KeyValues::maxKey, 'k')).size(), KeyValues::maxValue);
  EXPECT_THAT(failureOf([&] { return values->put(1, "", "v"); }), HasSubstr("1 to 256 bytes"));
  EXPECT_THAT(
      failureOf([&] { return values->put(1, std::string(KeyValues::maxKey + 1, 'k'), "v"); }),
      HasSubstr("1 to 256 bytes"));
  EXPECT_THAT(
      failureOf([&] { return values->put(1, "k", std::string(KeyValues::maxValue + 1, 'v')); }),
      HasSubstr("at most 64 KiB"));
}

TEST_F(KeyValuesTest, HasAtMostSoManyKeys) {
  for (size_t i = 0; i < KeyValues::maxKeys; ++i) wait(values->put(1, std::to_string(i), "v"));
  EXPECT_THAT(failureOf([&] { return values->put(1, "more", "v"); }),
              HasSubstr("at most 1,000 keys"));
  wait(values->put(1, "7", "known ones still change"));
  wait(values->remove(1, "8"));
  wait(values->put(1, "more", "v"));
}

TEST_F(KeyValuesTest, HalfWrittenFileIsNoValue) {
  wait(values->put(1, "one", "1"));
  std::ofstream(folder + "/0.new") << "torn";
  start();
  EXPECT_EQ(valueOf("one"), "1");
  EXPECT_FALSE(fs::exists(folder + "/0.new"));
}

TEST_F(KeyValuesTest, DamagedFileIsNamed) {
  wait(values->put(1, "one", "1"));
  for (const char* content : {"", "short", "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"}) {
    std::ofstream(folder + "/0", std::ios::trunc) << content;
    auto fault = kj::runCatchingExceptions([&]() { KeyValues again(folder); });
    KJ_IF_MAYBE (e, fault) {
      EXPECT_THAT(e->getDescription().cStr(), HasSubstr("is damaged"));
      EXPECT_THAT(e->getDescription().cStr(), HasSubstr("/state/0"));
    } else {
      ADD_FAILURE() << "taken: " << content;
    }
  }
}

TEST_F(KeyValuesTest, FailedWriteChangesNothingAndLaterOnesGoOn) {
  wait(values->put(1, "one", "1"));
  // A folder in the place of the file that is written first.
  fs::create_directory(folder + "/0.new");
  EXPECT_NE(failureOf([&] { return values->put(1, "one", "2"); }), "");
  EXPECT_EQ(valueOf("one"), "1");
  fs::remove(folder + "/0.new");
  wait(values->put(1, "one", "3"));
  EXPECT_EQ(valueOf("one"), "3");
}

}  // namespace
}  // namespace maitred::host
