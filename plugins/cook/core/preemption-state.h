#pragma once
// PreemptionState: a pool as it would be if every decision of a rebalancing round were carried out
// at once. It is made from the book, and changes with each decision; the book does not.

#include "constraints.h"
#include "scorer.h"

#include <unordered_map>

namespace maitred::cook {

class PreemptionState {
 public:
  using Index = std::uint32_t;
  static constexpr Index NONE = UINT32_MAX;

  struct Task {
    Job* job;
    Uuid taskId;       // null: it is only supposed to run
    Index user, host;  // host NONE: on a node that cannot make room
    Amount amount;
    Usage upTo;  // what the user holds with everything up to here
    double score = 0;
    bool gone = false;
  };
  struct Host {
    const Node* node;
    Amount spare;
    // What of it, and of the room that is spoken for already, comes free only when tasks are gone
    // that were stopped before this round, and in this round.
    Amount awaited = {};
    Amount stopped = {};
  };
  struct User {
    std::string name;
    Share share;
    Quota quota;
    Usage held;
    std::vector<Index> inOrder;  // of the user's priorities and starts
    std::vector<Index> byScore;  // ascending, equal ones in order
  };

  PreemptionState(Book& book, const NodeTable& nodes, const std::string& pool, Scorer& scorer);

  // The scorer failed; nothing here means anything.
  bool failed() const { return failed_; }
  // By hostname.
  const std::vector<Host>& hosts() const { return hosts_; }
  const std::vector<Task>& tasks() const { return tasks_; }
  // By name, but for those who came with a decision.
  const std::vector<User>& users() const { return users_; }
  Index hostOf(const NodeKey& node) const;  // NONE: it makes no room
  // Whether tasks that were stopped there before this round are not gone yet.
  bool awaits(Index host) const { return !(hosts_[host].awaited == Amount{}); }
  Index userOf(const std::string& name);  // one without tasks appears by this

  // What the job's score would be if it ran as well, and before it what is `ahead`: jobs of the
  // same user that found no place. They are in front of it in the queue too: without them room
  // would be made for a job behind the very tasks that are stopped for it, which would then take it
  // again, time after time. Nothing: the scorer failed.
  std::optional<double> pendingScore(const Job& job, Index user, const Usage& ahead = {});
  // Room that the spare of a host and these tasks make.
  Amount room(Index host, std::span<const Index> victims) const;
  // Whether that is enough as soon as these tasks are gone, whatever others are not gone yet. For
  // whom nothing has to go it is enough if that is so when those are gone that this round stops.
  bool isEnough(Index host, std::span<const Index> victims, const Amount& wanted) const;

  // The tasks are gone, and the job runs on the host; `stays`: it is nobody's victim there.
  void apply(Job& job, Index user, Index host, std::span<const Index> victims, bool stays);

 private:
  Book& book;
  const std::string& pool;
  Scorer& scorer;
  bool failed_ = false;
  std::vector<Host> hosts_;
  std::vector<Task> tasks_;
  std::vector<User> users_;
  std::unordered_map<std::string, Index> userByName;
  std::map<NodeKey, Index> hostByKey;

  void readHosts(const NodeTable& nodes);
  void readUsers();
  void addEnding();
  void awaitEnd(Index host, const Amount& amount);
  // Of the tasks from that place in the user's order on.
  void rescore(User& user, std::size_t from);
  // Where in its user's order a job would be that starts now.
  std::size_t placeOf(const User& user, const Job& job) const;
  ScoreInput inputOf(const User& user, const Usage& upTo, const Job& job) const;
};

}  // namespace maitred::cook
