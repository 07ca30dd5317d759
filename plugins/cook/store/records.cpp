#include "records.h"

#include <nlohmann/json.hpp>

namespace maitred::cook {
namespace {

using nlohmann::json;

const store::Migration MIGRATIONS[] = {{1, "jobs and instances", R"(
CREATE TABLE jobs (
  creation INTEGER PRIMARY KEY,     -- order of submission
  uuid TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL,
  name TEXT NOT NULL,
  command TEXT NOT NULL,
  pool TEXT NOT NULL,
  submit_pool TEXT NOT NULL,
  state TEXT NOT NULL,              -- waiting, running, completed
  priority INTEGER NOT NULL,
  cpus REAL NOT NULL,
  mem REAL NOT NULL,                -- MiB
  ports INTEGER NOT NULL,
  max_retries INTEGER NOT NULL,
  max_runtime_ms INTEGER NOT NULL,
  disable_mea_culpa INTEGER NOT NULL,
  group_uuid TEXT,
  group_name TEXT NOT NULL,
  submitted_ms INTEGER NOT NULL,
  waiting_since_ms INTEGER NOT NULL,
  completed_ms INTEGER NOT NULL,    -- 0 until then
  sequence INTEGER NOT NULL,        -- of the latest change
  details TEXT NOT NULL             -- JSON: env, labels, uris, constraints, extra
) STRICT;
CREATE TABLE instances (
  task_id TEXT PRIMARY KEY,
  job TEXT NOT NULL,
  number INTEGER NOT NULL,
  status TEXT NOT NULL,             -- unknown, running, success, failed
  start_ms INTEGER NOT NULL,
  running_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL,
  queue_time_ms INTEGER NOT NULL,
  reason INTEGER NOT NULL,          -- 0 = none
  cancelled INTEGER NOT NULL,
  preempted INTEGER NOT NULL,
  confirmed INTEGER NOT NULL,       -- the backend said something about it
  exit_code INTEGER,
  unreachable_ms INTEGER NOT NULL,
  cluster TEXT NOT NULL,
  node_id TEXT NOT NULL,
  hostname TEXT NOT NULL,
  ports TEXT NOT NULL,              -- JSON list
  sandbox_url TEXT NOT NULL,
  sandbox_path TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX instances_by_job ON instances (job);
)"}};

std::string detailsOf(const JobSpec& spec) {
  json details = json::object();
  if (!spec.environment.empty()) details["env"] = spec.environment;
  if (!spec.labels.empty()) details["labels"] = spec.labels;
  for (const Uri& uri : spec.uris) {
    details["uris"].push_back({uri.value, uri.executable, uri.extract, uri.cache});
  }
  for (const AttributeRule& rule : spec.constraints) {
    details["constraints"].push_back({rule.attribute, rule.value});
  }
  if (!spec.extra.empty()) details["extra"] = spec.extra;
  return details.dump();
}

void readDetails(const std::string& text, JobSpec& spec) {
  json details = json::parse(text);
  if (details.contains("env")) details["env"].get_to(spec.environment);
  if (details.contains("labels")) details["labels"].get_to(spec.labels);
  for (const json& uri : details.value("uris", json::array())) {
    spec.uris.push_back({uri[0], uri[1], uri[2], uri[3]});
  }
  for (const json& rule : details.value("constraints", json::array())) {
    spec.constraints.push_back({rule[0], rule[1]});
  }
  spec.extra = details.value("extra", "");
}

template <typename T>
T known(std::optional<T> value, const std::string& text) {
  if (!value) throw std::runtime_error("the store holds '" + text + "', which is not known here");
  return *value;
}
Uuid uuidOf(const std::string& text) {
  return known(Uuid::parse(text), text);
}

Job readJob(const store::Row& row) {
  Job job;
  JobSpec& spec = job.spec;
  job.order = row.get<std::uint64_t>(0);
  spec.id = uuidOf(row.get<std::string>(1));
  spec.user = row.get<std::string>(2);
  spec.name = row.get<std::string>(3);
  spec.command = row.get<std::string>(4);
  spec.pool = row.get<std::string>(5);
  spec.submitPool = row.get<std::string>(6);
  job.state = known(jobStateOf(row.text(7)), row.get<std::string>(7));
  spec.priority = row.get<std::int64_t>(8);
  spec.cpus = row.get<double>(9);
  spec.mem = row.get<double>(10);
  spec.ports = row.get<std::int64_t>(11);
  spec.maxRetries = row.get<std::int64_t>(12);
  spec.maxRuntimeMs = row.get<std::int64_t>(13);
  spec.disableMeaCulpa = row.get<bool>(14);
  if (!row.isNull(15)) spec.group = uuidOf(row.get<std::string>(15));
  spec.groupName = row.get<std::string>(16);
  job.submittedMs = row.get<std::int64_t>(17);
  job.waitingSinceMs = row.get<std::int64_t>(18);
  job.completedMs = row.get<std::int64_t>(19);
  job.sequence = row.get<std::uint64_t>(20);
  readDetails(row.get<std::string>(21), spec);
  return job;
}

Instance readInstance(const store::Row& row) {
  Instance one;
  one.taskId = uuidOf(row.get<std::string>(1));
  one.number = row.get<int>(2);
  one.status = known(instanceStatusOf(row.text(3)), row.get<std::string>(3));
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
  one.ports = json::parse(row.text(17)).get<std::vector<std::uint16_t>>();
  one.sandboxUrl = row.get<std::string>(18);
  one.sandboxPath = row.get<std::string>(19);
  one.message = row.get<std::string>(20);
  return one;
}

void writeJob(store::Connection& db, const Job& job) {
  const JobSpec& s = job.spec;
  std::optional<std::string> group;
  if (s.group) group = s.group->text();
  db.execute(
      "INSERT INTO jobs VALUES "
      "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)",
      job.order, s.id.text(), s.user, s.name, s.command, s.pool, s.submitPool, name(job.state),
      s.priority, s.cpus, s.mem, s.ports, s.maxRetries, s.maxRuntimeMs, s.disableMeaCulpa, group,
      s.groupName, job.submittedMs, job.waitingSinceMs, job.completedMs, job.sequence,
      detailsOf(s));
}

void writeInstance(store::Connection& db, const std::string& job, const Instance& one) {
  db.execute(
      "INSERT OR REPLACE INTO instances VALUES "
      "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)",
      one.taskId.text(), job, one.number, name(one.status), one.startMs, one.runningMs, one.endMs,
      one.queueTimeMs, one.reason, one.cancelled, one.preempted, one.confirmed, one.exitCode,
      one.unreachableMs, one.cluster, one.nodeId, one.hostname, json(one.ports).dump(),
      one.sandboxUrl, one.sandboxPath, one.message);
}

void writeUpdate(store::Connection& db, const JobUpdate& update) {
  std::string id = update.id.text();
  db.execute(
      "UPDATE jobs SET state = ?2, waiting_since_ms = ?3, completed_ms = ?4, max_retries = ?5, "
      "sequence = ?6 WHERE uuid = ?1",
      id, name(update.state), update.waitingSinceMs, update.completedMs, update.maxRetries,
      update.sequence);
  for (const Uuid& task : update.withdrawn) {
    db.execute("DELETE FROM instances WHERE task_id = ?1", task.text());
  }
  for (const Instance& one : update.instances) writeInstance(db, id, one);
}

}  // namespace

kj::Promise<kj::Own<Records>> Records::open(std::string url, std::string directory) {
  return open({.url = std::move(url), .directory = std::move(directory)});
}

kj::Promise<kj::Own<Records>> Records::open(store::Options options) {
  options.migrations = MIGRATIONS;
  return store::Store::open(std::move(options)).then([](kj::Own<store::Store> store) {
    return kj::heap<Records>(kj::mv(store));
  });
}

kj::Promise<std::vector<Job>> Records::load() {
  return store->read([](store::Connection& db) {
    std::vector<Job> jobs;
    std::unordered_map<Uuid, std::size_t> places;
    db.each("SELECT * FROM jobs ORDER BY creation", [&](const store::Row& row) {
      jobs.push_back(readJob(row));
      places.emplace(jobs.back().spec.id, jobs.size() - 1);
    });
    db.each(
        "SELECT job, task_id, number, status, start_ms, running_ms, end_ms, queue_time_ms, reason, "
        "cancelled, preempted, confirmed, exit_code, unreachable_ms, cluster, node_id, hostname, "
        "ports, sandbox_url, sandbox_path, message FROM instances ORDER BY job, number",
        [&](const store::Row& row) {
          auto place = places.find(uuidOf(row.get<std::string>(0)));
          if (place != places.end()) {
            jobs[place->second].instances.push_back(readInstance(row));
          }
        });
    return jobs;
  });
}

kj::Promise<void> Records::insert(std::uint64_t fence, std::vector<Job> jobs) {
  return store->write(fence, [jobs = std::move(jobs)](store::Connection& db) {
    for (const Job& job : jobs) writeJob(db, job);
  });
}

kj::Promise<void> Records::update(std::uint64_t fence, std::vector<JobUpdate> updates) {
  return store->write(fence, [updates = std::move(updates)](store::Connection& db) {
    for (const JobUpdate& update : updates) writeUpdate(db, update);
  });
}

kj::Promise<void> Records::remove(std::uint64_t fence, std::vector<Uuid> jobs) {
  return store->write(fence, [jobs = std::move(jobs)](store::Connection& db) {
    for (const Uuid& job : jobs) {
      db.execute("DELETE FROM instances WHERE job = ?1", job.text());
      db.execute("DELETE FROM jobs WHERE uuid = ?1", job.text());
    }
  });
}

std::string Records::trouble() const {
  KJ_IF_MAYBE (trouble, store->degraded()) return trouble->text;
  return {};
}

}  // namespace maitred::cook
