#pragma once
// One pool's order of jobs: within a user by priority, running before waiting, then by age; between
// users by a Scorer. Kept up to date job by job; the order between users is worked out lazily, so
// that looking at the first thousand costs the same with a thousand or a million waiting behind
// them.

#include "scorer.h"
#include "shares.h"
#include "types.h"

#include <memory>
#include <set>

namespace maitred::cook {

// A job as the ranking sees it. The same values must be given when it is taken out again.
struct Task {
  std::int64_t priority = 0;
  std::int64_t startMs = 0;  // of the live instance; ignored for waiting jobs
  std::uint64_t order = 0;   // of the job's creation; unique
  double mem = 0, cpus = 0, gpus = 0;
  std::int64_t submittedMs = 0;
  Job* job = nullptr;  // carried along, never read
};

// What one user has in one pool.
class UserTasks {
 public:
  void addWaiting(const Task& task) {
    level(task).waiting.insert(task);
    ++waitingCount_;
  }
  void removeWaiting(const Task& task);
  void addRunning(const Task& task);
  void removeRunning(const Task& task);

  std::size_t waitingCount() const { return waitingCount_; }
  std::size_t runningCount() const { return runningCount_; }
  bool empty() const { return levels.empty(); }
  Usage running() const;
  // Calls each(task) on the running ones, in their order.
  template <typename Each>
  void eachRunning(Each&& each) const {
    for (const auto& [priority, level] : levels) {
      for (const Task& task : level.running) each(task);
    }
  }

 private:
  struct ByAge {
    bool operator()(const Task& a, const Task& b) const { return a.order < b.order; }
  };
  struct ByStart {
    bool operator()(const Task& a, const Task& b) const {
      return a.startMs != b.startMs ? a.startMs < b.startMs : a.order < b.order;
    }
  };
  // Sums are kept in whole bytes and micro-cpus: adding and taking away leaves no rounding behind.
  struct Sums {
    std::int64_t memBytes = 0, microCpus = 0, microGpus = 0;
    void add(const Task& task, int sign);
  };
  struct Level {
    std::set<Task, ByStart> running;
    std::set<Task, ByAge> waiting;
    Sums sums;  // of the running ones
  };
  std::map<std::int64_t, Level, std::greater<>> levels;  // by priority
  std::size_t waitingCount_ = 0;
  std::size_t runningCount_ = 0;

  Level& level(const Task& task) { return levels[task.priority]; }
  void tidy(std::int64_t priority);
  friend class UserWalk;
};

// Walks one user's waiting tasks in order and says what the user would hold with each.
class UserWalk {
 public:
  // With `everything` the running ones are visited as well.
  UserWalk(const UserTasks& tasks, const Share& share, bool everything);
  bool done() const { return at == tasks->levels.end(); }
  const Task& task() const { return *position; }
  bool isRunning() const { return inRunning; }
  ScoreInput input() const;
  void advance();

 private:
  const UserTasks* tasks;
  Share share;
  bool everything;
  std::map<std::int64_t, UserTasks::Level, std::greater<>>::const_iterator at;
  std::set<Task, UserTasks::ByStart>::const_iterator runningAt;
  std::set<Task, UserTasks::ByAge>::const_iterator waitingAt;
  bool inRunning = false;
  const Task* position = nullptr;
  double mem = 0, cpus = 0, gpus = 0;

  void enterLevel();
  void settle();  // moves to the next task from here and adds it
  void add(const Task& task);
};

class PoolRanking {
 public:
  UserTasks& user(const std::string& name) { return users[name]; }
  void tidy(const std::string& name);  // forgets a user who has nothing left
  const std::map<std::string, UserTasks>& all() const { return users; }

 private:
  std::map<std::string, UserTasks> users;
};

// The order across users, task by task. The ranking must not change while it is in use.
// Equal scores: the user whose task was taken last goes on, else the users' names decide.
class MergedOrder {
 public:
  struct Ranked {
    const Task* task;
    const std::string* user;
    double score;
    bool running;
  };

  MergedOrder(const PoolRanking& ranking, const Shares& shares, Scorer& scorer,
              bool everything = false);
  // Nothing: the end, or the scorer failed.
  std::optional<Ranked> next();
  bool failed() const { return failed_; }

 private:
  struct Head {
    UserWalk walk;
    const std::string* user;
    double score;
  };
  std::vector<Head> heads;             // by user name
  std::vector<std::size_t> heap;       // of indices into `heads`, the lowest score on top
  std::optional<std::size_t> current;  // the user who was served last; not in the heap
  Scorer& scorer;
  bool failed_ = false;

  bool later(std::size_t a, std::size_t b) const;
  void scoreAll();
};

}  // namespace maitred::cook
