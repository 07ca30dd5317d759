#pragma once
// PreemptionWatch: whether what the rebalancer does keeps the promises made to users, judged by
// what the book shows from one look to the next: who would be below the safe score even if all of
// their jobs ran loses nothing, and what was freed is kept for the job that it was freed for.

#include <queue/batch-queue.h>

#include <set>

namespace maitred::simulation {

class PreemptionWatch {
 public:
  // The queue has just come up, or what went wrong before is to be forgotten.
  void begin(cook::BatchQueue& queue) {
    favoured.clear();
    take(queue);
  }
  // Right before time passes, and after it passed. Throws Violation. Shares may have changed
  // meanwhile, each at most once.
  void before(cook::BatchQueue& queue);
  void after(cook::BatchQueue& queue);
  // A line of the queue's log. What it says of whom an instance is stopped for is taken up.
  void read(cook::BatchQueue& queue, const std::string& line);
  // When nobody is stopped any more: no node is kept in vain, and for whom somebody was stopped
  // and a node was kept since begin() has started. Nothing must have gone wrong meanwhile.
  void checkRest(cook::BatchQueue& queue) const;

  std::uint64_t preemptions() const { return preemptedCount; }
  // How many instances started while a node was kept for some job.
  std::uint64_t keptNodes() const { return keptCount; }

 private:
  using Owner = std::pair<std::string, std::string>;  // pool, user
  std::set<cook::Uuid> seen, preempted;               // instances
  struct Favour {
    std::size_t instances;  // of the job at that time
    bool kept = false;      // a node
  };
  std::map<cook::Uuid, Favour> favoured;  // jobs for which somebody was stopped
  std::set<cook::Uuid> known;             // jobs, at the first look
  // What was running or waiting at either look.
  std::map<Owner, std::map<cook::Uuid, cook::Usage>> wanted;
  std::map<Owner, cook::Share> shares;
  std::map<cook::NodeKey, std::set<cook::Uuid>> kept;  // for these jobs
  std::uint64_t generation = 0;                        // of the reservations
  std::uint64_t preemptedCount = 0, keptCount = 0;

  void take(cook::BatchQueue& queue);
  void takeWanted(cook::BatchQueue& queue);
  void checkKept(const cook::Job& job, const cook::Instance& fresh) const;
  void checkVictim(cook::BatchQueue& queue, const cook::Job& job, const cook::Instance& one);
};

}  // namespace maitred::simulation
