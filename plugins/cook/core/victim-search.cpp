#include "victim-search.h"

#include <queue>

namespace maitred::cook {
namespace {

bool saysNotPreemptible(const JobSpec& spec) {
  return std::any_of(spec.labels.begin(), spec.labels.end(), [](const auto& label) {
    return label.first == "preemptible" && label.second == "false";
  });
}

}  // namespace

void VictimSearch::begin(const Wish& wish) {
  job = &wish.job;
  owner = wish.user;
  ahead = wish.ahead;
  wanted = Amount::of(job->spec);
  belowQuota = quotaAllows({});
  ++searches;
  sites.resize(state.hosts().size());
  questions = complete = 0;
  bestGain = 0;
  best.reset();
  const JobSpec& spec = job->spec;
  view = {spec.user.str(),
          wish.pending,
          spec.cpus,
          spec.mem,
          spec.gpus,
          static_cast<double>(spec.priority),
          static_cast<double>(std::max<std::int64_t>(0, rules.nowMs - job->waitingSinceMs))};
}

// Whether the owner may have the job once so much of what is theirs is gone. The jobs in front of
// it count, as they do in the queue: as long as they wait, it is not started beside them.
bool VictimSearch::quotaAllows(const Usage& given) const {
  const PreemptionState::User& user = state.users()[owner];
  Usage its = job->usage();
  its += ahead;
  return user.quota.allows({user.held.mem + its.mem - given.mem,
                            user.held.cpus + its.cpus - given.cpus,
                            user.held.gpus + its.gpus - given.gpus,
                            user.held.count + its.count - given.count});
}

std::optional<VictimSearch::Choice> VictimSearch::find(const Wish& wish,
                                                       const std::function<bool(Index)>& allows) {
  begin(wish);
  if (belowQuota) best = freeAnyway(allows);
  if (!best) walk(wish.pending, allows);
  return best;
}

std::optional<VictimSearch::Choice> VictimSearch::freeAnyway(
    const std::function<bool(Index)>& allows) const {
  const auto& hosts = state.hosts();
  for (auto host = static_cast<Index>(hosts.size()); host-- > 0;) {
    if (!wanted.fitsIn(hosts[host].spare)) continue;
    // Where the number of tasks is what is short, one has to go.
    if (!hosts[host].node->isFull() && allows(host)) {
      return Choice{host, std::numeric_limits<double>::max(), {}};
    }
  }
  return std::nullopt;
}

// Nothing that scores so much can be better than what was found.
bool VictimSearch::isOver(double score) const {
  if (failed_) return true;
  if (rules.policy == nullptr) return best && score < best->score;
  return questions >= QUESTIONS_MOST || complete >= SITES_MOST;
}

void VictimSearch::walk(double pending, const std::function<bool(Index)>& allows) {
  std::priority_queue<Cursor> cursors;
  auto push = [&](Index user, std::size_t left) {
    if (left == 0) return;
    double score = state.tasks()[state.users()[user].byScore[left - 1]].score;
    if (score >= rules.safeScore && score - pending > rules.scoreGainLeast) {
      cursors.push({score, user, left});
    }
  };
  for (Index user = 0; user < state.users().size(); ++user) {
    // Who may have no more makes room with what is theirs.
    if (belowQuota || user == owner) push(user, state.users()[user].byScore.size());
  }
  while (!cursors.empty() && !isOver(cursors.top().score)) {
    Cursor top = cursors.top();
    cursors.pop();
    push(top.user, top.left - 1);
    Index task = state.users()[top.user].byScore[top.left - 1];
    Index host = state.tasks()[task].host;
    if (host == PreemptionState::NONE) continue;
    Site& site = siteOf(host, allows);
    if (!site.allowed || site.done || !mayGo(task)) continue;
    take(task, site);
    if (!isEnough(site)) continue;
    site.done = true;
    weigh(host, site);
  }
}

VictimSearch::Site& VictimSearch::siteOf(Index host, const std::function<bool(Index)>& allows) {
  Site& site = sites[host];
  if (site.search == searches) return site;
  site.search = searches;
  site.allowed = allows(host);
  site.done = false;
  site.room = state.hosts()[host].spare;
  site.victims.clear();
  site.ownHeld = {};
  return site;
}

void VictimSearch::take(Index task, Site& site) {
  site.victims.push_back(task);
  site.room += state.tasks()[task].amount;
  if (state.tasks()[task].user == owner) site.ownHeld += state.tasks()[task].job->usage();
}

bool VictimSearch::isEnough(const Site& site) const {
  return wanted.fitsIn(site.room) && (belowQuota || quotaAllows(site.ownHeld));
}

void VictimSearch::weigh(Index host, Site& site) {
  double score = state.tasks()[site.victims.back()].score;
  if (rules.policy == nullptr) {
    // Of equal scores the last host by name.
    if (!best || host > best->host) best = Choice{host, score, site.victims};
    return;
  }
  ++complete;
  std::vector<TaskView> tasks;
  for (Index victim : site.victims) tasks.push_back(viewOf(victim));
  auto gain = rules.policy->gain(tasks, view);
  failed_ = failed_ || !gain;
  if (!gain || *gain <= 0) return;
  bool better = !best || *gain > bestGain || (*gain == bestGain && host > best->host);
  if (!better) return;
  bestGain = *gain;
  best = Choice{host, score, site.victims};
}

bool VictimSearch::mayGo(Index task) {
  if (rules.policy == nullptr) return true;
  ++questions;
  auto may = rules.policy->mayPreempt(viewOf(task), view);
  failed_ = failed_ || !may;
  return may.value_or(false);
}

TaskView VictimSearch::viewOf(Index index) const {
  const PreemptionState::Task& task = state.tasks()[index];
  const JobSpec& spec = task.job->spec;
  const Instance* live = task.taskId.isNull() ? nullptr : task.job->live();
  std::int64_t since = live == nullptr ? rules.nowMs : live->startMs;
  return {spec.user.str(),
          task.score,
          spec.cpus,
          spec.mem,
          spec.gpus,
          static_cast<double>(spec.priority),
          static_cast<double>(std::max<std::int64_t>(0, rules.nowMs - since)),
          !saysNotPreemptible(spec)};
}

}  // namespace maitred::cook
