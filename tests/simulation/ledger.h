#pragma once
// Ledger: what the queue has promised and what really happened, kept beside it and compared with
// its book. It derives the state of a job by itself, from the rules and not from the queue's code.

#include <core/book.h>
#include <core/nodes.h>

#include <maitred/backend/types.h>

#include <stdexcept>

namespace maitred::simulation {

using cook::Book;
using cook::Job;
using cook::JobSpec;
using cook::Uuid;

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Ledger {
 public:
  // --- What users did ---
  std::size_t submitted(const std::vector<JobSpec>& jobs);  // all of them or none; its number
  void accepted(std::size_t submission);                    // said to be kept
  void killAsked(const Uuid& job) { jobs.at(job).killAsked = true; }
  void killAccepted(const Uuid& job) { jobs.at(job).killAccepted = true; }
  std::vector<Uuid> acceptedJobs() const;

  // --- What really happened ---
  void truth(const std::string& site, const backend::TaskKey& key, const backend::Status& status,
             bool recorded);
  void capacity(const std::string& site, const std::string& node, const cook::Amount& amount) {
    capacities[{site, node}] = amount;
  }

  // --- What must hold; each throws Violation ---
  // At any time. What is durable by now stays as it is for ever.
  void check(Book& book, std::uint64_t durableSequence, const cook::MeaCulpaLimits& limits);
  // Right after the queue came back with what its store had.
  void checkRestart(const Book& book);
  // When nothing is left to do.
  void checkEnd(const Book& book);

  // Of all that matters of a job, for the trace.
  static std::string describe(const Job& job);

 private:
  struct Submission {
    std::vector<Uuid> ids;
    bool accepted = false;
  };
  struct Known {
    JobSpec spec;
    bool accepted = false, killAsked = false, killAccepted = false;
    bool completed = false;  // durably
  };
  struct Task {
    std::string site, node;
    backend::TaskState state = backend::TaskState::UNSPECIFIED;
    bool recorded = false;
  };
  struct End {
    cook::InstanceStatus status;
    int reason;
    std::int64_t endMs;
    std::optional<int> exitCode;
    bool operator==(const End&) const = default;
  };
  std::vector<Submission> submissions;
  std::map<Uuid, Known> jobs;
  std::map<Uuid, Task> tasks;   // that a backend took
  std::map<Uuid, Uuid> owners;  // task -> job, as the book said
  std::map<Uuid, End> ends;     // durable ones
  std::map<cook::NodeKey, cook::Amount> capacities;

  void checkJob(const Job& job, bool durable, const cook::MeaCulpaLimits& limits);
  void checkPlaces(const Book& book);
  void checkRoom(const Book& book);
  void checkRanking(Book& book);
};

}  // namespace maitred::simulation
