#include "records.h"

#include "rows.h"
#include "schema.h"

namespace maitred::cook {
namespace {

void deleteIfEmpty(store::Connection& db, const std::string& group) {
  db.execute(
      "DELETE FROM groups WHERE uuid = ?1 AND "
      "NOT EXISTS (SELECT 1 FROM jobs WHERE group_uuid = ?1)",
      group);
}

void deleteJob(store::Connection& db, const Uuid& job) {
  std::string id = job.text();
  auto group =
      db.first<std::optional<std::string>>("SELECT group_uuid FROM jobs WHERE uuid = ?1", id);
  db.execute("DELETE FROM instances WHERE job = ?1", id);
  db.execute("DELETE FROM jobs WHERE uuid = ?1", id);
  if (group && std::get<0>(*group)) deleteIfEmpty(db, *std::get<0>(*group));
}

void writeCounter(store::Connection& db, const char* name, std::uint64_t value) {
  db.execute(
      "INSERT INTO counters VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE "
      "SET value = max(value, excluded.value)",
      name, value);
}

std::vector<Job> readJobs(store::Connection& db) {
  std::vector<Job> jobs;
  std::unordered_map<Uuid, std::size_t> places;
  jobs.reserve(db.value<std::size_t>("SELECT count(*) FROM jobs").value_or(0));
  places.reserve(jobs.capacity());
  static const std::string selectJobs =
      std::string("SELECT ") + JOB_COLUMNS + " FROM jobs ORDER BY creation";
  db.each(selectJobs, [&](const store::Row& row) {
    jobs.push_back(readJob(row));
    places.emplace(jobs.back().spec.id, jobs.size() - 1);
  });
  // In the order of the table, since sorting millions costs more than putting them into place.
  static const std::string selectInstances =
      std::string("SELECT ") + INSTANCE_COLUMNS + " FROM instances";
  db.each(selectInstances, [&](const store::Row& row) {
    auto place = places.find(readInstanceJob(row));
    if (place == places.end()) return;
    auto& instances = jobs[place->second].instances;
    Instance one = readInstance(row);
    auto behind =
        std::upper_bound(instances.begin(), instances.end(), one.number,
                         [](int number, const Instance& other) { return number < other.number; });
    instances.insert(behind, std::move(one));
  });
  return jobs;
}

}  // namespace

kj::Promise<kj::Own<Records>> Records::open(std::string url, std::string directory) {
  return open({.url = std::move(url), .directory = std::move(directory)});
}

kj::Promise<kj::Own<Records>> Records::open(store::Options options) {
  options.migrations = recordMigrations();
  return store::Store::open(std::move(options)).then([](kj::Own<store::Store> store) {
    return kj::heap<Records>(kj::mv(store));
  });
}

kj::Promise<std::vector<Job>> Records::load() {
  return store_->read([](store::Connection& db) { return readJobs(db); });
}

kj::Promise<Administration> Records::loadAdministration() {
  return store_->read([](store::Connection& db) { return readAdministration(db); });
}

kj::Promise<Counters> Records::loadCounters() {
  return store_->read([](store::Connection& db) {
    auto value = [&](const char* name) {
      return db.value<std::uint64_t>("SELECT value FROM counters WHERE name = ?1", name)
          .value_or(0);
    };
    return Counters{value("creation"), value("sequence")};
  });
}

kj::Promise<void> Records::insert(std::uint64_t fence, std::shared_ptr<const std::vector<Job>> jobs,
                                  std::vector<GroupRow> groups, std::vector<AuditLine> audit) {
  return store_->write(fence, [jobs = std::move(jobs), groups = std::move(groups),
                               audit = std::move(audit)](store::Connection& db) {
    for (const GroupRow& group : groups) writeGroup(db, group);
    for (const Job& job : *jobs) writeJob(db, job);
    for (const AuditLine& line : audit) writeAudit(db, line);
  });
}

kj::Promise<void> Records::update(std::uint64_t fence, std::vector<JobUpdate> updates,
                                  std::vector<AuditLine> audit) {
  return store_->write(
      fence, [updates = std::move(updates), audit = std::move(audit)](store::Connection& db) {
        for (const JobUpdate& update : updates) writeUpdate(db, update);
        for (const AuditLine& line : audit) writeAudit(db, line);
      });
}

kj::Promise<void> Records::remove(std::uint64_t fence, std::vector<Uuid> jobs, Counters counters,
                                  std::vector<Uuid> groups) {
  return store_->write(fence, [jobs = std::move(jobs), groups = std::move(groups),
                               counters](store::Connection& db) {
    writeCounter(db, "creation", counters.order);
    writeCounter(db, "sequence", counters.sequence);
    for (const Uuid& job : jobs) deleteJob(db, job);
    for (const Uuid& group : groups) deleteIfEmpty(db, group.text());
  });
}

kj::Promise<void> Records::administer(std::uint64_t fence, AdminChange change) {
  return store_->write(
      fence, [change = std::move(change)](store::Connection& db) { writeAdminChange(db, change); });
}

kj::Promise<void> Records::append(std::uint64_t fence, AuditLine line) {
  return store_->write(fence,
                       [line = std::move(line)](store::Connection& db) { writeAudit(db, line); });
}

kj::Promise<std::vector<AuditLine>> Records::audit(std::size_t most) {
  return store_->read([most](store::Connection& db) { return readAudit(db, most); });
}

kj::Promise<std::vector<std::string>> Records::findings() {
  return store_->read([](store::Connection& db) { return findingsIn(db); });
}

kj::Promise<void> Records::trial() {
  // Writes the first page of the file, the same as before.
  return store_->write(0, [](store::Connection& db) { db.script("PRAGMA user_version = 0"); });
}

std::string Records::trouble() const {
  KJ_IF_MAYBE (trouble, store_->degraded()) return trouble->text;
  return {};
}

}  // namespace maitred::cook
