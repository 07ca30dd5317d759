// What must hold in the tables whatever happened.

#include "rows.h"

namespace maitred::cook {
namespace {

constexpr std::size_t MOST = 100;

struct Rule {
  const char* what;
  const char* sql;  // selects the ids of what breaks it
};

const Rule RULES[] = {
    {"job has two instances that are not over",
     "SELECT job FROM instances WHERE status IN ('unknown', 'running') GROUP BY job "
     "HAVING count(*) > 1"},
    {"job waits and has an instance that is not over",
     "SELECT uuid FROM jobs WHERE state = 'waiting' AND EXISTS (SELECT 1 FROM instances "
     "WHERE job = uuid AND status IN ('unknown', 'running'))"},
    {"job is running and has no instance that is not over",
     "SELECT uuid FROM jobs WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM instances "
     "WHERE job = uuid AND status IN ('unknown', 'running'))"},
    {"job has succeeded and is not completed",
     "SELECT uuid FROM jobs WHERE state <> 'completed' AND EXISTS (SELECT 1 FROM instances "
     "WHERE job = uuid AND status = 'success')"},
    {"job is completed at no time",
     "SELECT uuid FROM jobs WHERE state = 'completed' AND completed_ms = 0"},
    {"instance belongs to no job",
     "SELECT task_id FROM instances WHERE job NOT IN (SELECT uuid FROM jobs)"},
    {"group of a job is not kept",
     "SELECT DISTINCT group_uuid FROM jobs WHERE group_uuid IS NOT NULL AND "
     "group_uuid NOT IN (SELECT uuid FROM groups)"},
    {"sequence is that of several jobs, among them",
     "SELECT min(uuid) FROM jobs GROUP BY sequence HAVING count(*) > 1"},
};

template <typename Read>
void readAll(store::Connection& db, const std::string& sql, const char* what, int idColumn,
             std::vector<std::string>& found, Read&& read) {
  db.each(sql, [&](const store::Row& row) {
    if (found.size() >= MOST) return;
    try {
      read(row);
    } catch (const std::exception& fault) {
      found.push_back(std::string(what) + " " + std::string(row.text(idColumn)) +
                      " cannot be read: " + fault.what());
    }
  });
}

}  // namespace

std::vector<std::string> findingsIn(store::Connection& db) {
  std::vector<std::string> found;
  readAll(db, std::string("SELECT ") + JOB_COLUMNS + " FROM jobs", "job", 1, found, readJob);
  readAll(db, std::string("SELECT ") + INSTANCE_COLUMNS + " FROM instances", "instance", 1, found,
          [](const store::Row& row) {
            readInstanceJob(row);
            readInstance(row);
          });
  readAll(db, std::string("SELECT ") + GROUP_COLUMNS + " FROM groups", "group", 0, found,
          readGroup);
  for (const Rule& rule : RULES) {
    db.each(rule.sql, [&](const store::Row& row) {
      if (found.size() < MOST) {
        found.push_back(std::string(rule.what) + ": " + std::string(row.text(0)));
      }
    });
  }
  return found;
}

}  // namespace maitred::cook
