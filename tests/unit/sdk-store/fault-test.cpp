// Every write, flush and truncation of a busy store fails once: what was acknowledged is there
// afterwards, what was rejected is not, and work goes on, also if the process dies at that moment.
#include "fault-vfs.h"
#include "store-fixture.h"

#include <fstream>
#include <set>

namespace maitred::store {
namespace {

namespace fs = std::filesystem;
using Ids = std::set<int64_t>;
using ::testing::IsEmpty;

struct Fault {
  const char* name;
  Operation operation;
  int code;
  int times;
};

class FaultyStoreTest : public StoreTest {
 protected:
  ~FaultyStoreTest() noexcept override { FaultVfs::get().disarm(); }

  Options faulty() const {
    FaultVfs::get();
    auto o = options();
    o.vfs = "faulty";
    return o;
  }
  // A note that is larger than a page, so that a group is many writes.
  static auto insertNote(int64_t id) {
    return [id](Connection& c) {
      c.execute("INSERT INTO job (id, user, note) VALUES (?1, 'ana', ?2)", id,
                std::string(6'000, 'n'));
    };
  }
  // Submits `count` rows, some at once; below 200 until one is rejected. Every id ends in one of
  // the sets.
  void work(Store& store, int64_t first, int64_t count, Ids& acknowledged, Ids& rejected) {
    for (int64_t id = first; id < first + count; id += 3) {
      kj::Vector<kj::Promise<void>> group;
      for (int64_t one = id; one < id + 3; ++one) {
        group.add(store.write(0, insertNote(one))
                      .then([&acknowledged, one]() { acknowledged.insert(one); },
                            [&rejected, one](kj::Exception&&) { rejected.insert(one); }));
      }
      wait(kj::joinPromises(group.releaseAsArray()));
      if (!rejected.empty() && first < 200) return;
    }
  }
  Ids idsIn(const std::string& folder) {
    auto o = options();
    o.directory = folder;
    auto store = open(o);
    EXPECT_THAT(wait(store->integrity()), IsEmpty());
    return wait(store->read([](Connection& c) {
      Ids ids;
      for (auto& [id] : c.all<int64_t>("SELECT id FROM job")) ids.insert(id);
      return ids;
    }));
  }
  // The files as they are now: what a process that dies now leaves behind.
  std::string snapshot(int number) {
    auto folder = directory + "/dead-" + std::to_string(number);
    fs::create_directory(folder);
    for (const char* name : {"t.db", "t.db-wal"}) {
      if (fs::exists(directory + "/" + name)) {
        fs::copy_file(directory + "/" + name, folder + "/" + name);
      }
    }
    return folder;
  }
  void clear() {
    for (const auto& entry : fs::directory_iterator(directory)) fs::remove_all(entry.path());
  }
};

class FaultTest : public FaultyStoreTest, public ::testing::WithParamInterface<Fault> {};

TEST_P(FaultTest, LosesNothingAndInventsNothing) {
  const Fault& fault = GetParam();
  int struck = 0;
  for (int after = 0; after < 60; ++after) {
    clear();
    Ids acknowledged, rejected;
    auto store = open(faulty());
    work(*store, 0, 6, acknowledged, rejected);
    ASSERT_THAT(rejected, IsEmpty());
    FaultVfs::get().failAt(fault.operation, after, fault.code, fault.times);
    work(*store, 100, 9, acknowledged, rejected);
    auto dead = snapshot(after);
    bool hit = FaultVfs::get().disarm();
    struck += hit;
    EXPECT_EQ(idsIn(dead), acknowledged) << "died after fault " << after;
    work(*store, 200, 6, acknowledged, rejected);
    for (int64_t id = 200; id < 206; ++id) EXPECT_TRUE(acknowledged.contains(id)) << id;
    EXPECT_TRUE(store->degraded() == nullptr);
    store = nullptr;
    EXPECT_EQ(idsIn(directory), acknowledged) << "fault " << after;
    if (!hit) break;  // beyond the last operation
  }
  EXPECT_GE(struck, 2) << "the fault did not happen";
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultTest,
    ::testing::Values(Fault{"FailedWrite", Operation::write, SQLITE_IOERR_WRITE, 1},
                    Fault{"FullDisk", Operation::write, SQLITE_FULL, 1},
                    Fault{"FullDiskForAWhile", Operation::write, SQLITE_FULL, 4},
                    Fault{"ReadOnly", Operation::write, SQLITE_READONLY, 1},
                    Fault{"FailedFsync", Operation::sync, SQLITE_IOERR_FSYNC, 1}),
    [](const auto& info) { return std::string(info.param.name); });

// The log is cut anywhere, or its end is garbage: a torn last record.
TEST_F(FaultyStoreTest, TornLogHasWhatWasAcknowledgedBefore) {
  std::vector<uintmax_t> sizes;  // of the log, once that many rows were acknowledged
  auto wal = directory + "/t.db-wal";
  std::string copy = directory + "/copy";
  {
    auto store = open();
    for (int64_t id = 0; id < 6; ++id) {
      wait(store->write(0, insertNote(id)));
      sizes.push_back(fs::file_size(wal));
    }
    fs::create_directory(copy);
    for (const char* name : {"/t.db", "/t.db-wal"}) fs::copy_file(directory + name, copy + name);
  }
  std::string log(sizes.back(), '\0');
  std::ifstream(copy + "/t.db-wal", std::ios::binary).read(log.data(), std::streamsize(log.size()));
  auto plain = copy + "/t.db";
  std::string database(fs::file_size(plain), '\0');
  std::ifstream(plain, std::ios::binary).read(database.data(), std::streamsize(database.size()));

  for (bool garbage : {false, true}) {
    for (uintmax_t cut = sizes.front(); cut <= sizes.back(); cut += 1'537) {
      std::ofstream(plain, std::ios::binary | std::ios::trunc) << database;
      fs::remove(plain + "-shm");
      std::ofstream(plain + "-wal", std::ios::binary | std::ios::trunc)
          << log.substr(0, cut) << (garbage ? std::string(5'000, '\x5a') : "");
      auto complete = std::count_if(sizes.begin(), sizes.end(), [&](auto s) { return s <= cut; });
      auto ids = idsIn(copy);
      EXPECT_EQ(int64_t(ids.size()), complete) << "cut at " << cut;
      if (!ids.empty()) {
        EXPECT_EQ(*ids.rbegin(), complete - 1) << "the first ones, without a gap";
      }
    }
  }
}

}  // namespace
}  // namespace maitred::store
