#include "inputs-question.h"

#include <algorithm>

namespace maitred::cook {
namespace {

using nlohmann::json;

void readLimit(const json& input, const char* name, std::size_t least, std::size_t& out) {
  if (!input.contains(name)) return;
  const json& value = input[name];
  if (!value.is_number_unsigned() || value.get<std::size_t>() < least ||
      value.get<std::size_t>() > 100'000) {
    throw SnapshotError(std::string("\"") + name + "\": a whole number from " +
                        std::to_string(least) + " to 100000 is expected");
  }
  out = value.get<std::size_t>();
}

// The first half of each user's jobs, at least one.
void halveJobs(Snapshot& snapshot) {
  std::map<std::string, std::size_t> counts, kept;
  for (const auto& job : snapshot.jobs) ++counts[job.user];
  std::erase_if(snapshot.jobs, [&](const auto& job) {
    return ++kept[job.user] > (counts[job.user] + 1) / 2;
  });
}

template <typename List>
void halve(List& list, bool rear) {
  std::size_t half = list.size() / 2;
  if (rear) {
    list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(half));
  } else {
    list.resize(half);
  }
}

}  // namespace

SnapshotRequest snapshotRequest(const std::string& input, const Pools& pools) {
  json fields = input.empty() ? json::object() : json::parse(input, nullptr, false);
  if (!fields.is_object()) {
    throw SnapshotError("the input is no JSON object; an example: {\"pool\": \"batch\"}");
  }
  for (const auto& [name, value] : fields.items()) {
    if (name != "pool" && name != "jobs" && name != "seats" && name != "nodes") {
      throw SnapshotError("unknown field \"" + name.substr(0, 60) +
                          "\"; there are pool, jobs, seats and nodes");
    }
  }
  if (fields.contains("pool") && !fields["pool"].is_string()) {
    throw SnapshotError("\"pool\": the name of a pool is expected");
  }
  std::string name = pools.resolve(fields.value("pool", ""));
  SnapshotRequest request{pools.find(name), {}};
  if (request.pool == nullptr) {
    std::string known;
    for (const Pool& pool : pools.all()) known += (known.empty() ? "" : ", ") + pool.name;
    throw SnapshotError("there is no pool \"" + name.substr(0, 130) + "\"; " +
                        (known.empty() ? "the queue has no pools" : "there are " + known));
  }
  readLimit(fields, "jobs", 1, request.limits.jobs);
  readLimit(fields, "seats", 0, request.limits.seats);
  readLimit(fields, "nodes", 0, request.limits.nodes);
  request.limits.jobsPerUser = std::min(request.limits.jobsPerUser, request.limits.jobs);
  return request;
}

std::string snapshotAnswer(Snapshot snapshot, std::size_t most) {
  for (;;) {
    std::string text = snapshot.toJson().dump(-1, ' ', false, json::error_handler_t::replace);
    if (text.size() <= most) return text;
    std::size_t before = snapshot.jobs.size();
    halveJobs(snapshot);
    halve(snapshot.seats, true);
    // Nodes only when there is nothing else to leave out: without them little can be placed.
    if (snapshot.jobs.size() == before) {
      if (snapshot.nodes.empty() && snapshot.running.empty()) {
        throw SnapshotError("there are too many users for an answer");
      }
      halve(snapshot.nodes, false);
      halve(snapshot.running, false);
    }
  }
}

}  // namespace maitred::cook
