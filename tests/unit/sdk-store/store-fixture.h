#pragma once
#include <maitred/store.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <kj/async-io.h>

#include <filesystem>
#include <memory>

namespace maitred::store {

constexpr Migration firstVersion[] = {
    {1, "jobs", "CREATE TABLE job (id INTEGER PRIMARY KEY, user TEXT NOT NULL, note TEXT) STRICT"}};

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    auto base = getenv("TMPDIR") == nullptr ? std::string("/tmp") : std::string(getenv("TMPDIR"));
    auto name = base + "/maitred-store-XXXXXX";
    directory = mkdtemp(name.data());
  }
  ~StoreTest() override { std::filesystem::remove_all(directory); }

  Options options() const {
    return {
        .url = "sqlite:t.db", .directory = directory, .migrations = kj::arrayPtr(firstVersion, 1)};
  }
  kj::Own<Store> open(Options o) { return Store::open(std::move(o)).wait(io.waitScope); }
  kj::Own<Store> open() { return open(options()); }

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return io.provider->getTimer()
        .timeoutAfter(30 * kj::SECONDS, kj::mv(promise))
        .wait(io.waitScope);
  }
  // The text of the promise's exception; empty if it is kept.
  template <typename T>
  std::string failureOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() { wait(kj::mv(promise)); })) {
      failure = e->getType();
      return e->getDescription().cStr();
    }
    return "";
  }
  static auto insert(int64_t id) {
    return [id](Connection& c) { c.execute("INSERT INTO job (id, user) VALUES (?1, 'ana')", id); };
  }
  int64_t rows(Store& store) {
    return wait(
        store.read([](Connection& c) { return *c.value<int64_t>("SELECT count(*) FROM job"); }));
  }

  // By pointer, since a fixture's destructor must not throw.
  std::unique_ptr<kj::AsyncIoContext> context =
      std::make_unique<kj::AsyncIoContext>(kj::setupAsyncIo());
  kj::AsyncIoContext& io = *context;
  std::string directory;
  kj::Exception::Type failure = kj::Exception::Type::FAILED;
};

}  // namespace maitred::store
