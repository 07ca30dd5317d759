#pragma once
// Replica: the core's state as the records of a case file tell it. Records come from outside: what
// cannot be is refused with CaseDamage, whose text says what.

#include "reader.h"

#include <core/cycle.h>

#include <unordered_map>

namespace maitred::cook {

class Replica {
 public:
  Book book;
  NodeTable nodes;

  Replica() = default;
  Replica(const Replica&) = delete;

  // `known`: everything was told before, so that nothing may be named that was not.
  void apply(casefile::Changes::Reader changes, const CaseTexts& texts, bool known);
  // What the cycle began; jobs and nodes that are not known are passed by unless `known`.
  void start(casefile::Cycle::Reader cycle, const std::string& pool, bool known);
  // Takes back what runCycle() has done.
  void undo(const std::string& pool, const CycleResult& result, std::int64_t nowMs);
  // What runCycle() has done is what was recorded.
  void keep(const std::string& pool, const CycleResult& result);

  // As they were before the cycle that is next, whatever was decided since.
  void restoreReservations() { nodes.reservations().restore(reservations); }

  Job* job(std::uint64_t order) const;        // null: unknown
  const Node* node(std::uint64_t number) const;  // null: unknown

 private:
  struct Turns {
    std::uint64_t counter = 0;
    std::map<std::string, std::uint64_t> users;
  };
  std::unordered_map<std::uint64_t, Job*> jobs;       // by order
  std::map<std::uint64_t, NodeKey> numbers;           // of nodes
  std::map<std::string, Turns> turns;                 // by pool, as recorded
  std::vector<std::tuple<std::string, Uuid, NodeKey>> reservations;  // as recorded
  std::uint64_t attempts = 0;  // that were given an id
  double memSum = 0, cpusSum = 0, gpusSum = 0;        // of all jobs

  void applyPools(casefile::Pools::Reader pools, const CaseTexts& texts);
  void applyJob(casefile::Job::Reader job, const CaseTexts& texts);
  void applyNode(casefile::Node::Reader node, const CaseTexts& texts);
  void applyRoom(casefile::Room::Reader room, const CaseTexts& texts, bool known);
  void applyReservations(casefile::Reservations::Reader told, const CaseTexts& texts);
  void nameAttempts(Job& job);
  void applyTables(casefile::PoolTables::Reader tables, const CaseTexts& texts);
  void dropJob(std::uint64_t order);
  void dropNode(std::uint64_t number);
  void served(const std::string& pool, const std::string& user);
};

}  // namespace maitred::cook
