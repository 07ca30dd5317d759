#include "schema.h"

namespace maitred::cook {
namespace {

constexpr const char PROGRESS[] = R"(
ALTER TABLE instances ADD COLUMN progress INTEGER NOT NULL DEFAULT 0;  -- percent
ALTER TABLE instances ADD COLUMN progress_message TEXT NOT NULL DEFAULT '';
)";

constexpr const char EXECUTOR[] = R"(
ALTER TABLE instances ADD COLUMN executor TEXT NOT NULL DEFAULT '';  -- cook, mesos
)";

constexpr const char CLUSTERS[] = R"(
CREATE TABLE clusters (
  name TEXT PRIMARY KEY,            -- of the backend's instance
  state TEXT NOT NULL,              -- running, draining, deleted
  locked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)";

constexpr const char INCREMENTAL[] = R"(
CREATE TABLE incremental (
  name TEXT PRIMARY KEY,
  portions TEXT NOT NULL            -- JSON: lists of value, portion, comment
) STRICT, WITHOUT ROWID;
)";

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
)"},
                                       {2, "shares, quotas, groups, audit", R"(
ALTER TABLE jobs ADD COLUMN gpus REAL NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_group ON jobs (group_uuid) WHERE group_uuid IS NOT NULL;
CREATE TABLE groups (
  uuid TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  host_placement TEXT NOT NULL,     -- JSON
  straggler_handling TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;
INSERT INTO groups
  SELECT group_uuid, max(group_name), '{"type":"all"}', '{"type":"none"}' FROM jobs
  WHERE group_uuid IS NOT NULL GROUP BY group_uuid;
CREATE TABLE shares (
  user TEXT NOT NULL,
  pool TEXT NOT NULL,
  mem REAL,                         -- MiB; NULL: the default user's
  cpus REAL,
  gpus REAL,
  PRIMARY KEY (user, pool)
) STRICT, WITHOUT ROWID;
CREATE TABLE quotas (
  user TEXT NOT NULL,
  pool TEXT NOT NULL,
  mem REAL,                         -- MiB; NULL: the default user's
  cpus REAL,
  gpus REAL,
  count INTEGER,                    -- jobs that run at once
  launch_rate_saved REAL,
  launch_rate_per_minute REAL,
  PRIMARY KEY (user, pool)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  user TEXT NOT NULL,
  on_behalf_of TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE TABLE counters (
  name TEXT PRIMARY KEY,            -- creation, sequence: the highest that were given out
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)"},
                                       {3, "when groups were created", R"(
ALTER TABLE groups ADD COLUMN created_ms INTEGER NOT NULL DEFAULT 0;
UPDATE groups SET created_ms =
  coalesce((SELECT min(submitted_ms) FROM jobs WHERE group_uuid = groups.uuid), 0);
)"},
                                       {4, "progress of instances", PROGRESS},
                                       {5, "executors of instances", EXECUTOR},
                                       {6, "states of clusters", CLUSTERS},
                                       {7, "values for portions of the jobs", INCREMENTAL}};

// The same tables. Numbers of creation may repeat here.
const store::Migration ARCHIVE[] = {{1, "archived jobs and instances", R"(
CREATE TABLE jobs (
  uuid TEXT PRIMARY KEY,
  creation INTEGER NOT NULL,        -- order of submission
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
  details TEXT NOT NULL,            -- JSON: env, labels, uris, constraints, extra
  gpus REAL NOT NULL DEFAULT 0,
  archived_ms INTEGER NOT NULL DEFAULT 0
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
CREATE INDEX jobs_by_archival ON jobs (archived_ms);
CREATE INDEX jobs_by_user ON jobs (user, submitted_ms);
)"},
                                    {2, "progress of instances", PROGRESS},
                                    {3, "executors of instances", EXECUTOR}};

}  // namespace

kj::ArrayPtr<const store::Migration> recordMigrations() {
  return MIGRATIONS;
}

kj::ArrayPtr<const store::Migration> archiveMigrations() {
  return ARCHIVE;
}

}  // namespace maitred::cook
