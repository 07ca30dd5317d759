#include "preemption-state.h"

namespace maitred::cook {
namespace {

// A node by the addresses of its two texts.
struct NodeTexts {
  const std::string *cluster, *node;
  bool operator==(const NodeTexts&) const = default;
  struct Hash {
    std::size_t operator()(const NodeTexts& texts) const {
      std::hash<const void*> hash;
      return hash(texts.cluster) * 31 + hash(texts.node);
    }
  };
};

}  // namespace

PreemptionState::PreemptionState(Book& book, const NodeTable& nodes, const std::string& pool,
                                 Scorer& scorer)
    : book(book), pool(pool), scorer(scorer) {
  readHosts(nodes);
  readUsers();
  addEnding();
  for (User& user : users_) rescore(user, 0);
}

void PreemptionState::readHosts(const NodeTable& nodes) {
  for (const auto& [key, node] : nodes.all()) {
    if (node->facts.pool != pool || !node->facts.ready) continue;
    Amount spare = node->free();
    spare.raiseTo({0, 0, 0, 0});  // a node may hold more than it has, for a while
    hosts_.push_back({node.get(), spare});
  }
  std::stable_sort(hosts_.begin(), hosts_.end(), [](const Host& a, const Host& b) {
    return a.node->facts.hostname < b.node->facts.hostname;
  });
  for (Index i = 0; i < hosts_.size(); ++i) hostByKey.emplace(hosts_[i].node->facts.key, i);
}

void PreemptionState::readUsers() {
  // Equal symbols are one text: its address stands for it, and most nodes have several tasks.
  std::unordered_map<NodeTexts, Index, NodeTexts::Hash> hostByText;
  hostByText.reserve(hosts_.size());
  std::size_t running = 0;
  for (const auto& [name, held] : book.ranking(pool).users()) running += held.tasks.runningCount();
  tasks_.reserve(running);
  for (const auto& [name, held] : book.ranking(pool).users()) {
    if (held.tasks.runningCount() == 0) continue;
    Index index = userOf(name);
    users_[index].inOrder.reserve(held.tasks.runningCount());
    held.tasks.eachRunning([&](Job& job) {
      const Instance& live = *job.live();
      NodeTexts texts{&live.cluster.str(), &live.nodeId.str()};
      auto [at, isNew] = hostByText.try_emplace(texts, NONE);
      if (isNew) at->second = hostOf({live.cluster, live.nodeId});
      // One that is being stopped already makes no room by being stopped.
      bool stopping = live.cancelled || job.state == JobState::completed;
      users_[index].inOrder.push_back(static_cast<Index>(tasks_.size()));
      tasks_.push_back({&job, live.taskId, index, stopping ? NONE : at->second,
                        Amount::of(job.spec), {}, 0});
      if (stopping && at->second != NONE) awaitEnd(at->second, tasks_.back().amount);
    });
  }
}

// The room of a task that was stopped: nothing more has to be stopped in its place.
void PreemptionState::awaitEnd(Index host, const Amount& amount) {
  hosts_[host].spare += amount;
  hosts_[host].awaited += amount;
}

void PreemptionState::addEnding() {
  for (const auto& [order, job] : book.ending()) {
    const Instance& one = *job->unended();
    Index host = hostOf({one.cluster, one.nodeId});
    if (host != NONE) awaitEnd(host, Amount::of(job->spec));
  }
}

PreemptionState::Index PreemptionState::hostOf(const NodeKey& node) const {
  auto host = hostByKey.find(node);
  return host == hostByKey.end() ? NONE : host->second;
}

PreemptionState::Index PreemptionState::userOf(const std::string& name) {
  auto [at, isNew] = userByName.try_emplace(name, static_cast<Index>(users_.size()));
  if (isNew) {
    users_.push_back({name, book.shares(pool).of(name), book.quotas(pool).of(name), {}, {}, {}});
  }
  return at->second;
}

ScoreInput PreemptionState::inputOf(const User& user, const Usage& upTo, const Job& job) const {
  return {upTo.mem,
          upTo.cpus,
          upTo.gpus,
          user.share.mem,
          user.share.cpus,
          user.share.gpus,
          static_cast<double>(job.spec.priority),
          static_cast<double>(job.submittedMs)};
}

void PreemptionState::rescore(User& user, std::size_t from) {
  std::vector<ScoreInput> inputs;
  inputs.reserve(user.inOrder.size() - from);
  user.held = from == 0 ? Usage{} : tasks_[user.inOrder[from - 1]].upTo;
  for (std::size_t i = from; i < user.inOrder.size(); ++i) {
    Task& task = tasks_[user.inOrder[i]];
    user.held += task.job->usage();
    task.upTo = user.held;
    inputs.push_back(inputOf(user, user.held, *task.job));
  }
  std::vector<double> scores(inputs.size());
  if (!inputs.empty() && !scorer.score(inputs, scores)) failed_ = true;
  for (std::size_t i = 0; i < scores.size(); ++i) tasks_[user.inOrder[from + i]].score = scores[i];
  user.byScore = user.inOrder;
  auto lower = [&](Index a, Index b) { return tasks_[a].score < tasks_[b].score; };
  // Most policies' scores grow along the order.
  if (std::is_sorted(user.byScore.begin(), user.byScore.end(), lower)) return;
  std::stable_sort(user.byScore.begin(), user.byScore.end(), lower);
}

std::size_t PreemptionState::placeOf(const User& user, const Job& job) const {
  auto at = std::upper_bound(user.inOrder.begin(), user.inOrder.end(), job.spec.priority,
                             [&](std::int64_t priority, Index task) {
                               return priority > tasks_[task].job->spec.priority;
                             });
  return static_cast<std::size_t>(at - user.inOrder.begin());
}

std::optional<double> PreemptionState::pendingScore(const Job& job, Index index,
                                                    const Usage& ahead) {
  const User& user = users_[index];
  std::size_t place = placeOf(user, job);
  Usage more = job.usage();
  more += ahead;
  Usage upTo = more;
  double before = 0;
  if (place != 0) {
    const Task& inFront = tasks_[user.inOrder[place - 1]];
    before = inFront.score;
    upTo += inFront.upTo;
  }
  double score = 0;
  if (scorer.scorePending(before, more, inputOf(user, upTo, job), score)) return score;
  failed_ = true;
  return std::nullopt;
}

Amount PreemptionState::room(Index host, std::span<const Index> victims) const {
  Amount room = hosts_[host].spare;
  for (Index victim : victims) room += tasks_[victim].amount;
  return room;
}

bool PreemptionState::isEnough(Index host, std::span<const Index> victims,
                               const Amount& wanted) const {
  Amount soon = room(host, victims) - hosts_[host].awaited;
  if (!victims.empty()) soon -= hosts_[host].stopped;
  soon.raiseTo({0, 0, 0, 0});  // what is not asked for is not missing
  return wanted.fitsIn(soon);
}

void PreemptionState::apply(Job& job, Index user, Index host, std::span<const Index> victims,
                            bool stays) {
  Amount amount = Amount::of(job.spec);
  hosts_[host].spare = room(host, victims) - amount;
  std::map<Index, std::size_t> changed{{user, SIZE_MAX}};  // users, and from where on
  for (Index victim : victims) {
    tasks_[victim].gone = true;
    if (!tasks_[victim].taskId.isNull()) hosts_[host].stopped += tasks_[victim].amount;
    changed.emplace(tasks_[victim].user, SIZE_MAX);
  }
  auto isGone = [&](Index task) { return tasks_[task].gone; };
  for (auto& [one, from] : changed) {
    std::vector<Index>& order = users_[one].inOrder;
    auto first = std::find_if(order.begin(), order.end(), isGone);
    from = static_cast<std::size_t>(first - order.begin());
    order.erase(std::remove_if(first, order.end(), isGone), order.end());
  }
  std::vector<Index>& order = users_[user].inOrder;
  std::size_t place = placeOf(users_[user], job);
  order.insert(order.begin() + static_cast<std::ptrdiff_t>(place),
               static_cast<Index>(tasks_.size()));
  tasks_.push_back({&job, {}, user, stays ? NONE : host, amount, {}, 0});
  changed[user] = std::min(changed[user], place);
  for (const auto& [one, from] : changed) rescore(users_[one], from);
}

}  // namespace maitred::cook
