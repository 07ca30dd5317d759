#pragma once
// Threads of the store, and the way back to the loop. What passes between threads is guarded by
// std::mutex alone, which ThreadSanitizer understands; KJ only wakes the loop.

#include "database.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace maitred::store {

using UnitPtr = kj::Own<Store::Unit>;

// Finished units on their way to the loop.
class Completions {
 public:
  // Store thread.
  void push(std::vector<UnitPtr>&& units, std::optional<StoreError> trouble, bool committed);
  // Loop thread: resolves when there is something to take().
  kj::Promise<void> wait();
  struct Finished {
    std::vector<UnitPtr> units;
    std::optional<StoreError> trouble;
    bool committed = false;  // since the last take(), and after the last trouble
  };
  Finished take();

 private:
  std::mutex mutex;
  Finished finished;
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> waker;
};

// A thread with a connection of its own and a queue of units. Paced, it works on the loop instead.
class Worker {
 public:
  struct Setup {
    std::string path;
    kj::ArrayPtr<const Migration> migrations;
    uint64_t bytesMax = 0;
    uint32_t groupMax = 1;
    bool writes = false;
    std::string vfs;
    std::function<kj::Promise<void>()> pace;  // set: no thread, see Options
    std::string application, instance;
  };
  Worker(Setup setup, Completions& completions);
  ~Worker();  // works off the queue, then joins
  KJ_DISALLOW_COPY(Worker);

  void push(UnitPtr unit);
  size_t waiting() const { return count.load(std::memory_order_relaxed); }
  uint64_t commits() const { return commitCount.load(std::memory_order_relaxed); }

 private:
  void main();
  bool step();  // works off one group; false: nothing waits
  kj::Promise<void> pump();
  void open();
  void work(std::vector<UnitPtr>& units);
  void group(kj::ArrayPtr<UnitPtr> units);
  void disown();
  void inSavepoint(Store::Unit& unit);
  void runBare(Store::Unit& unit);
  void checkFence(Store::Unit& unit);
  void fail(kj::ArrayPtr<UnitPtr> units, const StoreError& error);

  Setup setup;
  Completions& completions;
  std::unique_ptr<Connection::Impl> impl;  // worker thread only
  std::unique_ptr<Connection> connection;
  uint64_t fence = 0;
  bool committed = false;
  std::optional<StoreError> trouble;

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<UnitPtr> queue;
  bool stopping = false;
  std::atomic<size_t> count{0};
  std::atomic<uint64_t> commitCount{0};
  bool pumping = false;  // paced only
  kj::Promise<void> pumped = kj::READY_NOW;
  std::thread thread;
};

}  // namespace maitred::store
