// The snapshot as JSON, and back.

#include "snapshot.h"

#include <cmath>

namespace maitred::cook {
namespace {

using nlohmann::json;

constexpr std::int64_t TASKS_MOST = 2'000'000;  // that run; each is made again

// What is unlimited is null.
json limit(double value) {
  return value >= Quota::UNLIMITED ? json(nullptr) : json(value);
}

json count(std::int64_t value) {
  return value >= Quota::UNLIMITED_COUNT ? json(nullptr) : json(value);
}

json toJson(const Quota& quota) {
  return {{"mem", limit(quota.mem)},
          {"cpus", limit(quota.cpus)},
          {"gpus", limit(quota.gpus)},
          {"count", count(quota.count)}};
}

json toJson(const Usage& usage) {
  return {{"mem", usage.mem}, {"cpus", usage.cpus}, {"gpus", usage.gpus}, {"count", usage.count}};
}

json toJson(const Amount& amount) {
  return {{"cpu_millis", amount.cpuMillis},
          {"mem_bytes", amount.memBytes},
          {"ports", amount.ports},
          {"gpus", amount.gpus}};
}

json toJson(const Pairs& pairs) {
  json out = json::object();
  for (const auto& [name, value] : pairs) out[name] = value;
  return out;
}

json toJson(const Snapshot::WaitingJob& job) {
  json out{{"uuid", job.id.text()},      {"user", job.user},
           {"name", job.name},           {"cpus", job.cpus},
           {"mem", job.mem},             {"priority", job.priority},
           {"submitted_ms", job.submittedMs}};
  if (job.gpus != 0) out["gpus"] = job.gpus;
  if (job.ports != 0) out["ports"] = job.ports;
  if (job.runtimeMs) out["runtime_ms"] = *job.runtimeMs;
  if (!job.labels.empty()) out["labels"] = toJson(job.labels);
  if (job.constrained) out["nodes"] = job.nodes;
  return out;
}

// Reads the fields of one object; what is wrong is said with the object's place.
class Fields {
 public:
  Fields(const json& from, std::string place) : from(from), place(std::move(place)) {
    if (!from.is_object()) throw SnapshotError(this->place + " is no object");
  }

  bool has(const char* name) const { return from.contains(name) && !from[name].is_null(); }

  template <typename T>
  void read(const char* name, T& out, bool required = true) const {
    if (!has(name)) {
      if (required) throw SnapshotError(place + " has no \"" + name + "\"");
      return;
    }
    try {
      from[name].get_to(out);
    } catch (const json::exception&) {
      throw SnapshotError(place + "." + name + " is of another type than expected: " +
                          from[name].dump().substr(0, 60));
    }
  }

  // Calls each(Fields) for the objects of a list.
  template <typename Each>
  void each(const char* name, Each&& each) const {
    if (!from.contains(name) || !from[name].is_array()) {
      throw SnapshotError(place + " has no list \"" + name + "\"");
    }
    std::size_t at = 0;
    for (const json& one : from[name]) {
      each(Fields(one, std::string(name) + "[" + std::to_string(at++) + "]"));
    }
  }

  Fields object(const char* name) const {
    if (!from.contains(name)) throw SnapshotError(place + " has no \"" + name + "\"");
    return Fields(from[name], place + "." + name);
  }

  Pairs pairs(const char* name) const {
    std::map<std::string, std::string> read;
    this->read(name, read, false);
    return Pairs(read.begin(), read.end());
  }

  const json& value(const char* name) const { return from[name]; }

 private:
  const json& from;
  std::string place;
};

Quota quotaFrom(const Fields& fields) {
  Quota quota;
  fields.read("mem", quota.mem, false);
  fields.read("cpus", quota.cpus, false);
  fields.read("gpus", quota.gpus, false);
  fields.read("count", quota.count, false);
  return quota;
}

Usage usageFrom(const Fields& fields) {
  Usage usage;
  fields.read("mem", usage.mem);
  fields.read("cpus", usage.cpus);
  fields.read("gpus", usage.gpus);
  fields.read("count", usage.count);
  if (usage.count < 1 || usage.count > 1'000'000) throw SnapshotError("a count is out of range");
  return usage;
}

Amount amountFrom(const Fields& fields) {
  Amount amount;
  fields.read("cpu_millis", amount.cpuMillis);
  fields.read("mem_bytes", amount.memBytes);
  fields.read("ports", amount.ports);
  fields.read("gpus", amount.gpus);
  return amount;
}

Snapshot::WaitingJob jobFrom(const Fields& fields) {
  Snapshot::WaitingJob job;
  std::string uuid;
  fields.read("uuid", uuid);
  auto parsed = Uuid::parse(uuid);
  if (!parsed) throw SnapshotError("\"" + uuid.substr(0, 60) + "\" is no UUID");
  job.id = *parsed;
  fields.read("user", job.user);
  fields.read("name", job.name);
  fields.read("cpus", job.cpus);
  fields.read("mem", job.mem);
  fields.read("gpus", job.gpus, false);
  fields.read("ports", job.ports, false);
  fields.read("priority", job.priority);
  fields.read("submitted_ms", job.submittedMs);
  if (fields.has("runtime_ms")) fields.read("runtime_ms", job.runtimeMs.emplace());
  job.labels = fields.pairs("labels");
  job.constrained = fields.has("nodes");
  fields.read("nodes", job.nodes, false);
  return job;
}

void readLists(const Fields& fields, Snapshot& out) {
  fields.each("users", [&](const Fields& one) {
    Snapshot::User user;
    one.read("user", user.name);
    Fields share = one.object("share");
    share.read("mem", user.share.mem, false);
    share.read("cpus", user.share.cpus, false);
    share.read("gpus", user.share.gpus, false);
    user.quota = quotaFrom(one.object("quota"));
    one.read("served", user.served);
    one.read("waiting", user.waiting);
    out.users.push_back(std::move(user));
  });
  fields.each("jobs", [&](const Fields& one) { out.jobs.push_back(jobFrom(one)); });
  std::int64_t tasks = 0;
  fields.each("running", [&](const Fields& one) {
    Snapshot::Running running;
    one.read("user", running.user);
    one.read("priority", running.priority);
    one.read("node", running.node);
    running.held = usageFrom(one);
    tasks += running.held.count;
    if (tasks > TASKS_MOST) throw SnapshotError("more tasks run than can be read");
    out.running.push_back(std::move(running));
  });
  fields.each("nodes", [&](const Fields& one) {
    Snapshot::NodeState node;
    one.read("name", node.name);
    one.read("cluster", node.cluster);
    one.read("id", node.id);
    node.capacity = amountFrom(one.object("capacity"));
    node.free = amountFrom(one.object("free"));
    one.read("ready", node.ready);
    node.attributes = one.pairs("attributes");
    out.nodes.push_back(std::move(node));
  });
  fields.each("seats", [&](const Fields& one) {
    Snapshot::Seat seat;
    one.read("node", seat.node);
    seat.job = jobFrom(one.object("job"));
    out.seats.push_back(std::move(seat));
  });
}

}  // namespace

json Snapshot::toJson() const {
  json out{{"format", FORMAT},       {"format_version", VERSION}, {"plugin", "maitred-cook"},
           {"instance", instance},   {"pool", pool},              {"taken_ms", takenMs},
           {"policies", policies},   {"jobs_waiting", jobsWaiting},
           {"tasks_running", tasksRunning}, {"nodes_known", nodesKnown}};
  out["clock"] = {{"now_ms", clock.nowMs}, {"hour", clock.hour}, {"weekday", clock.weekday}};
  out["settings"] = {{"dru_mode", gpuMode ? "gpu" : "default"},
                     {"considerable_jobs", considerable},
                     {"max_over_quota_jobs", overQuotaMost},
                     {"good_enough_fitness", goodEnough}};
  if (poolQuota) out["settings"]["pool_quota"] = cook::toJson(*poolQuota);
  for (const char* list : {"users", "jobs", "running", "seats", "nodes"}) out[list] = json::array();
  for (const User& user : users) {
    out["users"].push_back({{"user", user.name},
                            {"share",
                             {{"mem", limit(user.share.mem)},
                              {"cpus", limit(user.share.cpus)},
                              {"gpus", limit(user.share.gpus)}}},
                            {"quota", cook::toJson(user.quota)},
                            {"served", user.served},
                            {"waiting", user.waiting}});
  }
  for (const WaitingJob& job : jobs) out["jobs"].push_back(cook::toJson(job));
  for (const Running& one : running) {
    json entry = cook::toJson(one.held);
    entry["user"] = one.user;
    entry["priority"] = one.priority;
    entry["node"] = one.node;
    out["running"].push_back(std::move(entry));
  }
  for (const Seat& seat : seats) {
    out["seats"].push_back({{"job", cook::toJson(seat.job)}, {"node", seat.node}});
  }
  for (const NodeState& node : nodes) {
    out["nodes"].push_back({{"name", node.name},
                            {"cluster", node.cluster},
                            {"id", node.id},
                            {"capacity", cook::toJson(node.capacity)},
                            {"free", cook::toJson(node.free)},
                            {"ready", node.ready},
                            {"attributes", cook::toJson(node.attributes)}});
  }
  return out;
}

Snapshot Snapshot::fromJson(const json& from) {
  Fields fields(from, "the snapshot");
  Snapshot out;
  std::string format, druMode;
  int version = 0;
  fields.read("format", format);
  fields.read("format_version", version);
  if (format != FORMAT) throw SnapshotError("it is of another format: " + format.substr(0, 60));
  if (version != VERSION) {
    throw SnapshotError("its format has version " + std::to_string(version) +
                        ", this program reads version " + std::to_string(VERSION));
  }
  fields.read("instance", out.instance);
  fields.read("pool", out.pool);
  fields.read("taken_ms", out.takenMs);
  fields.read("jobs_waiting", out.jobsWaiting);
  fields.read("tasks_running", out.tasksRunning);
  fields.read("nodes_known", out.nodesKnown);
  out.policies = fields.has("policies") ? fields.value("policies") : json::object();
  Fields clock = fields.object("clock"), settings = fields.object("settings");
  clock.read("now_ms", out.clock.nowMs);
  clock.read("hour", out.clock.hour);
  clock.read("weekday", out.clock.weekday);
  settings.read("dru_mode", druMode);
  out.gpuMode = druMode == "gpu";
  settings.read("considerable_jobs", out.considerable);
  settings.read("max_over_quota_jobs", out.overQuotaMost);
  settings.read("good_enough_fitness", out.goodEnough);
  if (settings.has("pool_quota")) out.poolQuota = quotaFrom(settings.object("pool_quota"));
  readLists(fields, out);
  return out;
}

}  // namespace maitred::cook
