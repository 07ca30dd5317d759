#include "archive.h"

#include "rows.h"
#include "schema.h"

namespace maitred::cook {
namespace {

void deleteJob(store::Connection& db, const std::string& id) {
  db.execute("DELETE FROM instances WHERE job = ?1", id);
  db.execute("DELETE FROM jobs WHERE uuid = ?1", id);
}

}  // namespace

std::string Archive::urlFor(const std::string& url) {
  constexpr std::string_view suffix = ".db";
  bool has = url.ends_with(suffix);
  return url.substr(0, url.size() - (has ? suffix.size() : 0)) + "-archive" +
         (has ? std::string(suffix) : "");
}

kj::Promise<kj::Own<Archive>> Archive::open(store::Options options) {
  options.url = urlFor(options.url);
  options.migrations = archiveMigrations();
  if (!options.application.empty()) options.application += " archive";
  return store::Store::open(std::move(options)).then([](kj::Own<store::Store> store) {
    return kj::heap<Archive>(kj::mv(store));
  });
}

kj::Promise<void> Archive::put(std::uint64_t fence, std::shared_ptr<const std::vector<Job>> jobs,
                               std::int64_t nowMs) {
  return store_->write(fence, [jobs = std::move(jobs), nowMs](store::Connection& db) {
    for (const Job& job : *jobs) {
      std::string id = job.spec.id.text();
      deleteJob(db, id);
      writeJob(db, job);
      db.execute("UPDATE jobs SET archived_ms = ?2 WHERE uuid = ?1", id, nowMs);
      for (const Instance& one : job.instances) writeInstance(db, job.spec.id, one);
    }
  });
}

kj::Promise<std::size_t> Archive::trim(std::uint64_t fence, std::int64_t beforeMs,
                                       std::size_t most) {
  return store_->write(fence, [beforeMs, most](store::Connection& db) {
    auto old = db.all<std::string>(
        "SELECT uuid FROM jobs WHERE archived_ms < ?1 ORDER BY archived_ms LIMIT ?2", beforeMs,
        most);
    for (const auto& [id] : old) deleteJob(db, id);
    return old.size();
  });
}

}  // namespace maitred::cook
