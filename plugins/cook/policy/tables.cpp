#include "tables.h"

#include <nlohmann/json.hpp>

#include <ctime>

namespace maitred::cook {
namespace {

lua::Value texts(const Pairs& pairs) {
  lua::Table table;
  for (const auto& [name, value] : pairs) table.set(name, value);
  return table;
}

lua::Value counts(const std::map<std::string, std::int64_t>& counted) {
  lua::Table table;
  for (const auto& [name, count] : counted) table.set(name, count);
  return table;
}

}  // namespace

PolicyClock PolicyClock::at(std::int64_t nowMs) {
  PolicyClock clock;
  clock.nowMs = nowMs - nowMs % TICK_MS;
  std::time_t seconds = clock.nowMs / 1000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  clock.hour = parts.tm_hour + parts.tm_min / 60.0 + parts.tm_sec / 3600.0;
  clock.weekday = parts.tm_wday == 0 ? 7 : parts.tm_wday;
  return clock;
}

std::optional<double> expectedRuntimeMs(const JobSpec& job) {
  if (job.extra.find("\"expected_runtime\"") != std::string::npos) {
    auto extra = nlohmann::json::parse(job.extra, nullptr, false);
    if (extra.is_object() && extra["expected_runtime"].is_number()) {
      return extra["expected_runtime"].get<double>();
    }
  }
  if (job.maxRuntimeMs == JobSpec::NO_RUNTIME_LIMIT) return std::nullopt;
  return static_cast<double>(job.maxRuntimeMs);
}

void PolicyTables::begin(PolicyRound round) {
  round_ = std::move(round);
  capacity.reset();
  peers.clear();
}

lua::Table PolicyTables::waiting(const JobSpec& job) {
  if (!capacity) {
    capacity.emplace(0, 0);
    for (const auto& [key, node] : round_.nodes->all()) {
      if (node->facts.pool != round_.pool) continue;
      capacity->first += node->facts.capacity.cpuMillis / 1000.0;
      capacity->second += node->facts.capacity.memBytes / BYTES_PER_MIB;
    }
  }
  lua::Table table;
  table.fields.reserve(16);
  table.set("user", job.user.str()).set("name", job.name).set("pool", job.pool.str());
  table.set("cpus", job.cpus).set("mem", job.mem).set("gpus", job.gpus);
  if (auto runtime = expectedRuntimeMs(job)) table.set("runtime_ms", *runtime);
  table.set("labels", texts(job.labels));
  table.set("now_ms", static_cast<double>(round_.clock.nowMs));
  table.set("hour", round_.clock.hour).set("weekday", round_.clock.weekday);
  table.set("pool_cpus", capacity->first).set("pool_mem", capacity->second);
  return table;
}

lua::Value PolicyTables::waitingJob(const JobSpec& job) {
  return waiting(job);
}

lua::Value PolicyTables::placementJob(const JobSpec& job) {
  lua::Table table = waiting(job);
  const Peers& mine = peersOf(job.user.str());
  table.set("peers", counts(mine.byNode));
  lua::Table byAttribute;
  for (const auto& [name, values] : mine.byAttribute) byAttribute.set(name, counts(values));
  table.set("peers_by", std::move(byAttribute));
  return table;
}

lua::Value PolicyTables::placementNode(const Node& node) {
  lua::Table attributes;
  for (const auto& [name, values] : node.facts.attributes) {
    if (!values.empty() && !name.empty()) attributes.set(name, values.front());
  }
  lua::Table table;
  table.set("name", node.facts.hostname).set("attributes", std::move(attributes));
  return table;
}

void PolicyTables::Peers::add(const Node& node) {
  ++byNode[node.facts.hostname];
  for (const auto& [name, values] : node.facts.attributes) {
    if (!values.empty() && !name.empty()) ++byAttribute[name][values.front()];
  }
}

PolicyTables::Peers& PolicyTables::peersOf(const std::string& user) {
  auto [at, isNew] = peers.try_emplace(user);
  if (!isNew) return at->second;
  for (const Job* job : round_.book->liveJobs(round_.pool, user)) {
    const Instance* live = job->live();
    if (live == nullptr) continue;
    auto node = round_.nodes->all().find({live->cluster.str(), live->nodeId.str()});
    if (node != round_.nodes->all().end()) at->second.add(*node->second);
  }
  return at->second;
}

void PolicyTables::placed(const JobSpec& job, const Node& node) {
  peersOf(job.user.str()).add(node);
}

}  // namespace maitred::cook
