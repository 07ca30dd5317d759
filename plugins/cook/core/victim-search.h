#pragma once
// VictimSearch: where room can be made for one job, and which tasks go for it. All tasks are walked
// once at most, the most unfair first, over all hosts together: the first host with enough room is
// the best one, and the walk ends there.

#include "preemption-policy.h"
#include "preemption-state.h"

#include <functional>

namespace maitred::cook {

class VictimSearch {
 public:
  using Index = PreemptionState::Index;
  struct Rules {
    double scoreGainLeast, safeScore;
    std::int64_t nowMs;
    PreemptionPolicy* policy;  // null: Cook's rule
  };
  struct Choice {
    Index host;
    double score;
    std::vector<Index> victims;
  };

  VictimSearch(const PreemptionState& state, const Rules& rules) : state(state), rules(rules) {}

  struct Wish {
    const Job& job;
    Index user;
    double pending;  // the job's score
    Usage ahead;     // of the user's jobs that are in front of it and found no place
  };
  // `allows`: whether a host (an index) meets the job's constraints.
  std::optional<Choice> find(const Wish& wish, const std::function<bool(Index)>& allows);
  // The policy failed: what was found means nothing.
  bool failed() const { return failed_; }

 private:
  // What the walk has found on a host so far.
  struct Site {
    std::uint64_t search = 0;  // which one it is of
    bool allowed = false, done = false;
    Amount room;
    std::vector<Index> victims;
    Usage ownHeld;  // of the victims that are the job's owner's
  };
  // A user's tasks that are left, from the back.
  struct Cursor {
    double score;
    Index user;
    std::size_t left;
    bool operator<(const Cursor& other) const {
      return score != other.score ? score < other.score : user > other.user;
    }
  };
  // How much a policy is asked for one job: it decides among the most unfair tasks.
  static constexpr int QUESTIONS_MOST = 400;
  static constexpr int SITES_MOST = 16;

  const PreemptionState& state;
  const Rules& rules;
  std::vector<Site> sites;
  std::uint64_t searches = 0;
  bool failed_ = false;

  // Of the present search.
  const Job* job = nullptr;
  Index owner = 0;
  Usage ahead;
  Amount wanted;
  bool belowQuota = true;
  JobView view;
  int questions = 0, complete = 0;
  double bestGain = 0;
  std::optional<Choice> best;

  void begin(const Wish& wish);
  std::optional<Choice> freeAnyway(const std::function<bool(Index)>& allows) const;
  void walk(double pending, const std::function<bool(Index)>& allows);
  bool isOver(double score) const;
  Site& siteOf(Index host, const std::function<bool(Index)>& allows);
  void take(Index task, Site& site);
  bool isEnough(const Site& site) const;
  bool quotaAllows(const Usage& given) const;
  void weigh(Index host, Site& site);
  bool mayGo(Index task);
  TaskView viewOf(Index task) const;
};

}  // namespace maitred::cook
