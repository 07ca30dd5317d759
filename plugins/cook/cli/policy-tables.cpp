#include "policy-tables.h"

#include "text-table.h"

#include <cmath>

namespace maitred::cook::cli {
namespace {

using nlohmann::json;

// Places count from 1; 0 is none.
std::map<Uuid, std::size_t> placesOf(const PolicyOrder& order) {
  std::map<Uuid, std::size_t> places;
  for (const OrderedJob& one : order.jobs) places.emplace(one.job->id, places.size() + 1);
  return places;
}

std::string placeText(const std::map<Uuid, std::size_t>& places, const Uuid& id) {
  auto found = places.find(id);
  return found == places.end() ? "-" : std::to_string(found->second);
}

// Times are scores too, and must be told apart.
std::string scoreText(double score) {
  bool large = std::abs(score) >= 1e6 && std::abs(score) < 1e15;
  return large ? std::to_string(std::llround(score)) : numberText(score);
}

std::string usersText(const PolicyOrder& candidate, const std::map<Uuid, std::size_t>& before) {
  struct Sum {
    std::size_t jobs = 0;
    double now = 0, then = 0;
  };
  std::map<std::string, Sum> users;
  std::size_t place = 0;
  for (const OrderedJob& one : candidate.jobs) {
    ++place;
    auto found = before.find(one.job->id);
    if (found == before.end()) continue;
    Sum& sum = users[one.job->user];
    ++sum.jobs;
    sum.now += static_cast<double>(place);
    sum.then += static_cast<double>(found->second);
  }
  TextTable table({"USER", "JOBS", "MEAN PLACE", "IN FORCE"});
  for (const auto& [user, sum] : users) {
    double jobs = static_cast<double>(sum.jobs);
    table.add({user, std::to_string(sum.jobs), numberText(sum.now / jobs),
               numberText(sum.then / jobs)});
  }
  return table.text();
}

std::string nodeName(const Snapshot& snapshot, int node) {
  return node < 0 ? "none" : snapshot.nodes[static_cast<std::size_t>(node)].name;
}

// The jobs of both, in the candidate's order, then those that only the policy in force starts.
struct Pair {
  const Snapshot::WaitingJob* job;
  const NodeChoice* candidate = nullptr;
  const NodeChoice* inForce = nullptr;
};

std::vector<Pair> pairs(const PolicyChoices& candidate, const PolicyChoices& inForce) {
  std::vector<Pair> all;
  std::map<Uuid, std::size_t> places;
  for (const NodeChoice& one : candidate.jobs) {
    places.emplace(one.job->id, all.size());
    all.push_back({one.job, &one});
  }
  for (const NodeChoice& one : inForce.jobs) {
    auto [at, isNew] = places.emplace(one.job->id, all.size());
    if (isNew) all.push_back({one.job});
    all[at->second].inForce = &one;
  }
  return all;
}

std::string choiceOf(const Snapshot& snapshot, const NodeChoice* choice) {
  return choice == nullptr ? "none" : nodeName(snapshot, choice->node);
}

std::string fitnessOf(const NodeChoice* choice) {
  return choice == nullptr || choice->node < 0 ? "-" : numberText(choice->fitness);
}

std::string plural(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace

std::string headline(const Snapshot& snapshot) {
  std::string text = snapshot.instance + " at " + timeText(snapshot.takenMs);
  if (!snapshot.pool.empty()) text += ", pool " + snapshot.pool;
  text += ": " + plural(snapshot.jobsWaiting, "job waits", "jobs wait") + ", " +
          plural(snapshot.tasksRunning, "runs", "run") + ", of " +
          plural(snapshot.users.size(), "user", "users") + ", on " +
          plural(snapshot.nodesKnown, "node", "nodes");
  if (snapshot.jobs.size() < snapshot.jobsWaiting)
    text += "; of the waiting ones the snapshot lists " + std::to_string(snapshot.jobs.size());
  if (snapshot.nodes.size() < snapshot.nodesKnown)
    text += "; of the nodes it lists " + std::to_string(snapshot.nodes.size());
  return text;
}

std::string orderText(const PolicyOrder& candidate, const PolicyOrder& inForce, std::size_t limit) {
  auto before = placesOf(inForce);
  TextTable table({"PLACE", "USER", "NAME", "CPUS", "MEM MiB", "SCORE", "WAS", "|", "IN FORCE",
                   "NAME", "SCORE"});
  std::size_t rows = std::max(candidate.jobs.size(), inForce.jobs.size());
  for (std::size_t i = 0; i < std::min(rows, limit); ++i) {
    std::vector<std::string> row{std::to_string(i + 1)};
    if (i < candidate.jobs.size()) {
      const auto& [job, score] = candidate.jobs[i];
      for (std::string cell : {job->user, job->name, numberText(job->cpus), numberText(job->mem),
                               scoreText(score), placeText(before, job->id)})
        row.push_back(std::move(cell));
    } else {
      row.resize(7, "");
    }
    row.push_back("|");
    if (i < inForce.jobs.size()) {
      const auto& [job, score] = inForce.jobs[i];
      for (std::string cell : {job->user, job->name, scoreText(score)})
        row.push_back(std::move(cell));
    } else {
      row.resize(11, "");
    }
    table.add(std::move(row));
  }
  std::string text = table.text();
  if (rows > limit) text += "… and " + std::to_string(rows - limit) + " more; see --limit\n";
  if (!candidate.complete || !inForce.complete)
    text += "(behind these come jobs that the snapshot does not list)\n";
  return text + "\n" + usersText(candidate, before);
}

json orderJson(const PolicyOrder& candidate, const PolicyOrder& inForce) {
  auto list = [](const PolicyOrder& order) {
    json out = json::array();
    for (const auto& [job, score] : order.jobs) {
      out.push_back({{"uuid", job->id.text()},
                     {"user", job->user},
                     {"name", job->name},
                     {"score", score}});
    }
    return out;
  };
  return {{"candidate", list(candidate)},
          {"in_force", list(inForce)},
          {"complete", candidate.complete && inForce.complete}};
}

std::string choiceText(const Snapshot& snapshot, const PolicyChoices& candidate,
                       const PolicyChoices& inForce, std::size_t limit) {
  TextTable table({"USER", "NAME", "CPUS", "MEM MiB", "NODE", "FITNESS", "|", "IN FORCE",
                   "FITNESS"});
  auto all = pairs(candidate, inForce);
  std::map<std::string, std::pair<std::size_t, std::size_t>> nodes;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Pair& one = all[i];
    std::string node = choiceOf(snapshot, one.candidate), was = choiceOf(snapshot, one.inForce);
    ++nodes[node].first;
    ++nodes[was].second;
    if (i >= limit) continue;
    table.add({one.job->user, one.job->name, numberText(one.job->cpus), numberText(one.job->mem),
               node, fitnessOf(one.candidate), "|", was, fitnessOf(one.inForce)});
  }
  std::string text = table.text();
  if (all.size() > limit)
    text += "… and " + std::to_string(all.size() - limit) + " more; see --limit\n";
  TextTable summary({"NODE", "JOBS", "IN FORCE"});
  for (const auto& [node, counts] : nodes)
    summary.add({node, std::to_string(counts.first), std::to_string(counts.second)});
  return text + "\n" + summary.text();
}

json choiceJson(const Snapshot& snapshot, const PolicyChoices& candidate,
                const PolicyChoices& inForce) {
  auto choice = [&](const NodeChoice* one) -> json {
    if (one == nullptr || one->node < 0) return nullptr;
    return {{"node", nodeName(snapshot, one->node)}, {"fitness", one->fitness}};
  };
  json out = json::array();
  for (const Pair& one : pairs(candidate, inForce)) {
    out.push_back({{"uuid", one.job->id.text()},
                   {"user", one.job->user},
                   {"name", one.job->name},
                   {"candidate", choice(one.candidate)},
                   {"in_force", choice(one.inForce)}});
  }
  return {{"choices", std::move(out)}};
}

}  // namespace maitred::cook::cli
