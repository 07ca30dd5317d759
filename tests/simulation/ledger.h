#pragma once
// Ledger: what the queue has promised and what really happened, kept beside it and compared with
// its book. It derives the state of a job by itself, from the rules and not from the queue's code.

#include "promised.h"
#include "violation.h"

#include <core/book.h>
#include <core/nodes.h>
#include <queue/entitlements.h>

#include <maitred/backend/types.h>

namespace maitred::simulation {

using cook::Book;
using cook::Job;
using cook::JobSpec;
using cook::Uuid;

class Ledger {
 public:
  // --- What users did ---
  std::size_t submitted(const std::vector<JobSpec>& jobs);  // all of them or none; its number
  void accepted(std::size_t submission);                    // said to be kept
  // A kill holds until somebody asks for more attempts; its number is for killAccepted().
  std::size_t killAsked(const Uuid& job);
  void killAccepted(const Uuid& job, std::size_t number);
  std::size_t retriesAsked(const Uuid& job, std::int64_t maxRetries);
  void retriesAccepted(const Uuid& job, std::size_t number) {
    jobs.at(job).maxRetries.kept(number);
  }
  // A group as it is described first; more jobs may name it.
  void described(const cook::GroupSpec& group) { groups.emplace(group.id, group); }
  // A quota that an administrator sets, or takes away.
  std::size_t quotaAsked(const cook::LimitKey& key, std::optional<cook::QuotaRow> row);
  void quotaAccepted(const cook::LimitKey& key, std::size_t number) { quotas.at(key).kept(number); }
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
  void checkQuotas(const cook::Entitlements& entitlements) const;
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
    bool completed = false;    // durably, and nobody asked for more attempts since
    std::size_t revivals = 0;  // how often somebody did
    Promised<std::int64_t> maxRetries;
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
  std::map<Uuid, cook::GroupSpec> groups;
  std::map<cook::LimitKey, Promised<std::optional<cook::QuotaRow>>> quotas;
  std::map<Uuid, Task> tasks;   // that a backend took
  std::map<Uuid, Uuid> owners;  // task -> job, as the book said
  std::map<Uuid, End> ends;     // durable ones
  std::set<Uuid> silent;        // instances whose node was silent when they were looked at last
  std::map<cook::NodeKey, cook::Amount> capacities;

  void checkJob(const Job& job, bool durable, const cook::MeaCulpaLimits& limits);
  void checkEnds(const Job& job, bool durable);
  void checkGroups(const Book& book) const;
  void hearSilence(const Book& book);
  bool isGivenUp(const cook::Instance& one) const;
  void checkPlaces(const Book& book);
  void checkRoom(const Book& book);
  void checkRanking(Book& book);
};

}  // namespace maitred::simulation
