#pragma once
// LimitWatch: whether quotas, launch rates and inactive pools are kept to, judged by what the book
// shows from one look to the next and not by the queue's own accounts.

#include <queue/batch-queue.h>

#include <map>
#include <set>

namespace maitred::simulation {

class LimitWatch {
 public:
  // The queue has just come up: all of its buckets are full.
  void begin(cook::BatchQueue& queue);
  // Right before time passes: the limits that hold from here on.
  void before(cook::BatchQueue& queue);
  // After it passed. Limits may have changed meanwhile, each at most once. Throws Violation.
  void after(cook::BatchQueue& queue);

  // How often a user started as much as the launch rate allowed.
  std::uint64_t exhausted() const { return exhaustedCount; }

 private:
  struct Rate {
    double saved = 0, perMs = 0;
    std::optional<double> ownSaved, ownPerMinute;  // as they were set for the user
    bool operator==(const Rate&) const = default;
  };
  struct Account {  // of one user in one pool
    cook::Usage held;
    cook::Quota quota;
    Rate rate;
    double level = 0;  // tokens that they have at most
  };
  struct PoolAccount {
    cook::Usage held, groupHeld;
    Rate byDefault;
    std::map<std::string, Account> users;
  };
  std::map<std::string, PoolAccount> pools;
  std::set<cook::Uuid> seen;  // instances
  bool enforced = false;
  std::int64_t lookedMs = 0;
  std::uint64_t exhaustedCount = 0;

  void takeRates(cook::BatchQueue& queue);
  void checkUser(const std::string& pool, const std::string& user, Account& account,
                 cook::BatchQueue& queue);
  void checkPool(const cook::Pool& pool, PoolAccount& account, cook::BatchQueue& queue);
  void checkStarts(cook::BatchQueue& queue);
  void takeHeld(cook::BatchQueue& queue);
};

// Those who submit jobs.
inline const std::vector<std::string> USERS{"ana", "bea", "cid", "dan"};

}  // namespace maitred::simulation
