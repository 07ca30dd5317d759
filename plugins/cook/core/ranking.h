#pragma once
// One pool's order of jobs: within a user by priority, running before waiting, then by age; between
// users by a Scorer. Kept up to date job by job. The order between users is worked out lazily:
// looking at the first thousand costs the same with a thousand or a million waiting behind them,
// and a user of whom nothing changed is not scored again.

#include "flat-index.h"
#include "quotas.h"
#include "scorer.h"
#include "shares.h"

#include <set>

namespace maitred::cook {

// What one user has in one pool. Jobs are taken out under the values with which they were put in.
class UserTasks {
 public:
  void addWaiting(Job& job);
  void removeWaiting(const Job& job);
  void addRunning(Job& job, std::int64_t startMs);
  void removeRunning(const Job& job, std::int64_t startMs);

  std::size_t waitingCount() const { return waitingCount_; }
  std::size_t runningCount() const { return runningCount_; }
  bool empty() const { return levels.empty(); }
  Usage running() const { return total.usage(); }
  Usage waiting() const { return waitingTotal.usage(); }
  // Calls each(job) on the running ones, in their order.
  template <typename Each>
  void eachRunning(Each&& each) const {
    for (const auto& [priority, level] : levels) {
      for (const auto& one : level.running) each(*one.second);
    }
  }

 private:
  // Sums are kept in whole bytes and micro-cpus: adding and taking away leaves no rounding behind.
  struct Sums {
    std::int64_t memBytes = 0, microCpus = 0, microGpus = 0, count = 0;
    void add(const Job& job, int sign);
    Usage usage() const;
  };
  using ByAge = FlatIndex<std::uint64_t, Job*>;                             // order of creation
  using ByStart = FlatIndex<std::pair<std::int64_t, std::uint64_t>, Job*>;  // start, then order
  struct Level {
    ByStart running;
    ByAge waiting;
    Sums sums;  // of the running ones
  };
  std::map<std::int64_t, Level, std::greater<>> levels;  // by priority
  std::size_t waitingCount_ = 0;
  std::size_t runningCount_ = 0;
  Sums total, waitingTotal;

  void tidy(std::map<std::int64_t, Level, std::greater<>>::iterator at);
  friend class UserWalk;
  friend class PoolRanking;
};

// Walks one user's waiting tasks in order and says what the user would hold with each.
class UserWalk {
 public:
  struct Options {
    bool everything = false;     // the running ones are visited as well
    std::optional<Quota> quota;  // none: no truncation
    // The walk ends behind so many tasks with which the user is above the quota, running ones
    // included.
    std::size_t overQuotaMost = 100;
  };
  UserWalk(const UserTasks& tasks, const Share& share, const Options& options);
  bool done() const { return at == tasks->levels.end(); }
  Job* job() const { return position; }
  bool isRunning() const { return inRunning; }
  ScoreInput input() const;
  void advance();

 private:
  const UserTasks* tasks;
  Share share;
  Options options;
  std::map<std::int64_t, UserTasks::Level, std::greater<>>::const_iterator at;
  UserTasks::ByStart::const_iterator runningAt;
  UserTasks::ByAge::const_iterator waitingAt;
  bool inRunning = false;
  Job* position = nullptr;
  Usage held;  // with everything up to here
  std::size_t over = 0;

  void enterLevel();
  void settle();  // moves to the next task from here and adds it
  void add(Job* job);
  void countOverRunning();
};

// All users of a pool.
class PoolRanking {
 public:
  struct User {
    UserTasks tasks;
    std::uint64_t served = 0;  // when a job of theirs was begun last, by a counter; 0 = never

   private:
    struct Key {
      double score;
      std::uint64_t served;
      const std::string* name;
      User* user;
      bool operator<(const Key& other) const {
        if (score != other.score) return score < other.score;
        if (served != other.served) return served < other.served;
        return *name < *other.name;
      }
    };
    bool changed = false, listed = false, noted = false;
    std::set<Key>::iterator place;
    friend class PoolRanking;
    friend class MergedOrder;
  };
  PoolRanking() = default;
  PoolRanking(const PoolRanking&) = delete;

  void addWaiting(Job& job);
  void removeWaiting(Job& job);
  void addRunning(Job& job, std::int64_t startMs);
  void removeRunning(Job& job, std::int64_t startMs);
  // A job of the user's was begun: at equal scores the others go first now.
  void served(const std::string& user) { at(user).served = ++servedLast_; }

  // Users who have anything, and some who had not long ago. Null: nothing is known.
  const std::map<std::string, User>& users() const { return users_; }
  const User* find(const std::string& user) const;
  Usage running() const { return total.usage(); }
  std::size_t waitingCount() const { return waitingCount_; }
  // The users of whom anything changed since this was asked last, some of whom have nothing any
  // more; `all`: there were too many to remember.
  struct Changed {
    bool all = false;
    std::vector<std::string> users;
  };
  Changed takeChanged();

  // The scorer decides otherwise than before although it is the same object.
  void rescore() { scorer = nullptr; }

  // Whose turn it is among equals: the counter, and its value for each of users() who has one.
  std::uint64_t servedLast() const { return servedLast_; }
  // Grows whenever the turns of some who have nothing were forgotten.
  std::uint64_t forgotten() const { return forgotten_; }
  // Exactly these turns from now on, and nobody is forgotten.
  void restoreTurns(const std::map<std::string, std::uint64_t>& turns, std::uint64_t last);
  void restoreTurn(const std::string& user, std::uint64_t turn, std::uint64_t last) {
    at(user).served = turn;
    servedLast_ = last;
  }

 private:
  std::map<std::string, User> users_;
  std::set<User::Key> heads;  // of the users with waiting jobs, by the score of their first
  std::vector<std::pair<const std::string, User>*> changed;
  Changed noted;  // for takeChanged()
  const Scorer* scorer = nullptr;
  std::uint64_t sharesGeneration = 0, servedLast_ = 0, forgotten_ = 0;
  std::size_t waitingCount_ = 0, tidyAbove = 10'000;
  UserTasks::Sums total;

  User& at(const std::string& user);
  void touch(const std::string& user);
  bool refresh(Scorer& with, const Shares& shares);
  void tidy();
  friend class MergedOrder;
};

// The order across users, task by task. The ranking must not change while it is in use.
// Equal scores: the user whose task was taken last goes on; else the user who was served longest
// ago is first, so that equals take turns; else the users' names decide.
class MergedOrder {
 public:
  struct Ranked {
    Job* job;
    const std::string* user;
    const PoolRanking::User* tasks;
    double score;
    bool running;
  };
  struct Options {
    bool everything = false;         // running tasks as well, as the worked examples list them
    const Quotas* quotas = nullptr;  // null: no truncation of who is above their quota
    std::size_t overQuotaMost = 100;
  };

  // The same Scorer object is taken to decide alike each time, see PoolRanking::rescore().
  MergedOrder(PoolRanking& ranking, const Shares& shares, Scorer& scorer, const Options& options);
  // Nothing: the end, or the scorer failed.
  std::optional<Ranked> next();
  bool failed() const { return failed_; }
  // Nothing more of the user of the latest task.
  void skipUser() { current.reset(); }

 private:
  using Key = PoolRanking::User::Key;
  struct Walk {
    UserWalk walk;
    Key key;
  };
  const Shares& shares;
  Scorer& scorer;
  Options options;
  std::vector<Walk> heap;       // begun, the lowest score on top
  std::optional<Walk> current;  // the user who was served last; not in the heap
  std::set<Key>::const_iterator untouched, end;
  bool failed_ = false;

  UserWalk walkOf(const Key& key) const;
  bool score(Walk& walk);
  bool takeNext();
};

}  // namespace maitred::cook
