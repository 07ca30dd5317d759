#include <maitred/offload.h>

#include <kj/debug.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <unistd.h>

namespace maitred::detail {
namespace {

constexpr size_t kThreads = 4;
constexpr size_t kWaitingMax = 1024;

class Pool {
 public:
  ~Pool() {
    {
      std::lock_guard guard(mutex);
      closing = true;
    }
    wake.notify_all();
    for (auto& thread : threads) thread.join();
  }

  void add(kj::Function<void()> work) {
    std::lock_guard guard(mutex);
    if (waiting.size() >= kWaitingMax) {
      kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "too many blocking calls are waiting"));
    }
    waiting.push_back(kj::mv(work));
    if (idle == 0 && threads.size() < kThreads) threads.emplace_back([this]() { run(); });
    wake.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      wake.wait(lock, [this]() { return closing || !waiting.empty(); });
      --idle;
      if (closing) return;
      auto work = kj::mv(waiting.front());
      waiting.pop_front();
      lock.unlock();
      work();
      { auto done = kj::mv(work); }  // destroyed outside the lock
      lock.lock();
    }
  }

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<kj::Function<void()>> waiting;
  std::vector<std::thread> threads;
  size_t idle = 0;
  bool closing = false;
};

}  // namespace

// A forked child has the pool's memory but none of its threads: it begins a pool of its own and
// leaves the inherited one alone, whose lock may be held by a thread that does not exist here.
void runOnPool(kj::Function<void()> work) {
  static std::mutex guard;
  static std::unique_ptr<Pool> pool;
  static pid_t owner = 0;
  std::lock_guard lock(guard);
  if (owner != getpid()) {
    pool.release();
    pool = std::make_unique<Pool>();
    owner = getpid();
  }
  pool->add(kj::mv(work));
}

}  // namespace maitred::detail
