#include "rows.h"

#include "demands.h"

#include <core/executor.h>

#include <nlohmann/json.hpp>

namespace maitred::cook {
namespace {

using nlohmann::json;

// Of every job: most have none of it.
std::string detailsOf(const JobSpec& spec) {
  if (spec.environment.empty() && spec.labels.empty() && spec.uris.empty() &&
      spec.constraints.empty() && spec.extra.empty()) {
    return "{}";
  }
  json details = json::object();
  if (!spec.environment.empty()) details["env"] = spec.environment.list();
  if (!spec.labels.empty()) details["labels"] = spec.labels.list();
  for (const Uri& uri : spec.uris) {
    details["uris"].push_back({uri.value, uri.executable, uri.extract, uri.cache});
  }
  for (const AttributeRule& rule : spec.constraints) {
    details["constraints"].push_back({rule.attribute, rule.value});
  }
  if (!spec.extra.empty()) details["extra"] = spec.extra;
  return details.dump();
}

void readDetails(std::string_view text, JobSpec& spec) {
  if (text == "{}") return;
  json details = json::parse(text);
  if (details.contains("env")) spec.environment = details["env"].get<Pairs>();
  if (details.contains("labels")) spec.labels = details["labels"].get<Pairs>();
  for (const json& uri : details.value("uris", json::array())) {
    spec.uris.push_back({uri.at(0), uri.at(1), uri.at(2), uri.at(3)});
  }
  for (const json& rule : details.value("constraints", json::array())) {
    spec.constraints.push_back({rule.at(0), rule.at(1)});
  }
  spec.extra = details.value("extra", "");
  spec.demands = demandsOf(spec.extra);
}

std::string portsOf(const Instance& one) {
  return one.ports.empty() ? "[]" : json(one.ports).dump();
}

template <typename T>
T known(std::optional<T> value, std::string_view text) {
  if (!value) {
    throw std::runtime_error("the store holds '" + std::string(text) +
                             "', which is not known here");
  }
  return *value;
}

}  // namespace

Uuid storedUuid(std::string_view text) {
  return known(Uuid::parse(text), text);
}

Job readJob(const store::Row& row) {
  Job job;
  JobSpec& spec = job.spec;
  job.order = row.get<std::uint64_t>(0);
  spec.id = storedUuid(row.text(1));
  spec.user = row.get<std::string>(2);
  spec.name = row.get<std::string>(3);
  spec.command = row.get<std::string>(4);
  spec.pool = row.get<std::string>(5);
  spec.submitPool = row.get<std::string>(6);
  job.state = known(jobStateOf(row.text(7)), row.text(7));
  spec.priority = row.get<std::int64_t>(8);
  spec.cpus = row.get<double>(9);
  spec.mem = row.get<double>(10);
  spec.ports = row.get<std::int64_t>(11);
  spec.maxRetries = row.get<std::int64_t>(12);
  spec.maxRuntimeMs = row.get<std::int64_t>(13);
  spec.disableMeaCulpa = row.get<bool>(14);
  if (!row.isNull(15)) spec.group = storedUuid(row.text(15));
  spec.groupName = row.get<std::string>(16);
  job.submittedMs = row.get<std::int64_t>(17);
  job.waitingSinceMs = row.get<std::int64_t>(18);
  job.completedMs = row.get<std::int64_t>(19);
  job.sequence = row.get<std::uint64_t>(20);
  readDetails(row.text(21), spec);
  spec.gpus = row.get<double>(22);
  return job;
}

Uuid readInstanceJob(const store::Row& row) {
  return storedUuid(row.text(0));
}

Instance readInstance(const store::Row& row) {
  Instance one;
  one.taskId = storedUuid(row.text(1));
  one.number = row.get<int>(2);
  one.status = known(instanceStatusOf(row.text(3)), row.text(3));
  one.startMs = row.get<std::int64_t>(4);
  one.runningMs = row.get<std::int64_t>(5);
  one.endMs = row.get<std::int64_t>(6);
  one.queueTimeMs = row.get<std::int64_t>(7);
  one.reason = row.get<int>(8);
  one.cancelled = row.get<bool>(9);
  one.preempted = row.get<bool>(10);
  one.confirmed = row.get<bool>(11);
  one.exitCode = row.get<std::optional<int>>(12);
  one.unreachableMs = row.get<std::int64_t>(13);
  one.cluster = row.get<std::string>(14);
  one.nodeId = row.get<std::string>(15);
  one.hostname = row.get<std::string>(16);
  if (row.text(17) != "[]") json::parse(row.text(17)).get_to(one.ports);
  one.sandboxUrl = row.get<std::string>(18);
  one.sandboxPath = row.get<std::string>(19);
  one.message = row.get<std::string>(20);
  Progress progress{row.get<int>(21), row.get<std::string>(22)};
  if (!(progress == Progress{})) one.progress = {std::move(progress)};
  if (!row.text(23).empty()) one.executor = known(executorOf(row.text(23)), row.text(23));
  return one;
}

void writeJob(store::Connection& db, const Job& job) {
  const JobSpec& s = job.spec;
  std::optional<std::string> group;
  if (s.group) group = s.group->text();
  db.execute(
      "INSERT INTO jobs (creation, uuid, user, name, command, pool, submit_pool, state, priority, "
      "cpus, mem, ports, max_retries, max_runtime_ms, disable_mea_culpa, group_uuid, group_name, "
      "submitted_ms, waiting_since_ms, completed_ms, sequence, details, gpus) VALUES "
      "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23)",
      job.order, s.id.text(), s.user.str(), s.name, s.command, s.pool.str(), s.submitPool.str(),
      name(job.state), s.priority, s.cpus, s.mem, s.ports, s.maxRetries, s.maxRuntimeMs,
      s.disableMeaCulpa, group, s.groupName.str(), job.submittedMs, job.waitingSinceMs,
      job.completedMs, job.sequence, detailsOf(s), s.gpus);
}

void writeInstance(store::Connection& db, const Uuid& job, const Instance& one) {
  const Progress progress = one.progress.empty() ? Progress{} : one.progress[0];
  db.execute(
      "INSERT OR REPLACE INTO instances (job, task_id, number, status, start_ms, running_ms, "
      "end_ms, queue_time_ms, reason, cancelled, preempted, confirmed, exit_code, unreachable_ms, "
      "cluster, node_id, hostname, ports, sandbox_url, sandbox_path, message, progress, "
      "progress_message, executor) VALUES "
      "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,"
      "?24)",
      job.text(), one.taskId.text(), one.number, name(one.status), one.startMs, one.runningMs,
      one.endMs, one.queueTimeMs, one.reason, one.cancelled, one.preempted, one.confirmed,
      one.exitCode, one.unreachableMs, one.cluster.str(), one.nodeId.str(), one.hostname.str(),
      portsOf(one), one.sandboxUrl, one.sandboxPath, one.message, progress.percent,
      progress.message, name(one.executor));
}

void writeUpdate(store::Connection& db, const JobUpdate& update) {
  db.execute(
      "UPDATE jobs SET state = ?2, waiting_since_ms = ?3, completed_ms = ?4, max_retries = ?5, "
      "sequence = ?6 WHERE uuid = ?1",
      update.id.text(), name(update.state), update.waitingSinceMs, update.completedMs,
      update.maxRetries, update.sequence);
  for (const Uuid& task : update.withdrawn) {
    db.execute("DELETE FROM instances WHERE task_id = ?1", task.text());
  }
  for (const Instance& one : update.instances) writeInstance(db, update.id, one);
}

}  // namespace maitred::cook
