#pragma once
// Between the rows of the store and the values of the queue. Store threads only.

#include "records.h"

namespace maitred::cook {

// In the order in which the readers below expect them.
inline constexpr const char JOB_COLUMNS[] =
    "creation, uuid, user, name, command, pool, submit_pool, state, priority, cpus, mem, ports, "
    "max_retries, max_runtime_ms, disable_mea_culpa, group_uuid, group_name, submitted_ms, "
    "waiting_since_ms, completed_ms, sequence, details, gpus";
inline constexpr const char INSTANCE_COLUMNS[] =
    "job, task_id, number, status, start_ms, running_ms, end_ms, queue_time_ms, reason, cancelled, "
    "preempted, confirmed, exit_code, unreachable_ms, cluster, node_id, hostname, ports, "
    "sandbox_url, sandbox_path, message, progress, progress_message, executor";
inline constexpr const char GROUP_COLUMNS[] =
    "uuid, name, host_placement, straggler_handling, created_ms";

// Throw std::exception with a sentence if a row is not what this program writes. A job comes
// without its instances.
Uuid storedUuid(std::string_view text);
Job readJob(const store::Row& row);
Instance readInstance(const store::Row& row);
GroupRow readGroup(const store::Row& row);
// The job to which an instance's row belongs.
Uuid readInstanceJob(const store::Row& row);

// Throws if the job is there.
void writeJob(store::Connection& db, const Job& job);
void writeInstance(store::Connection& db, const Uuid& job, const Instance& one);
void writeUpdate(store::Connection& db, const JobUpdate& update);
// Nothing happens if the group is there.
void writeGroup(store::Connection& db, const GroupRow& group);
void writeAudit(store::Connection& db, const AuditLine& line);
void writeAdminChange(store::Connection& db, const AdminChange& change);

Administration readAdministration(store::Connection& db);
std::vector<AuditLine> readAudit(store::Connection& db, std::size_t most);

// What is wrong in the tables, a sentence each, at most 100: rows that cannot be read, states that
// contradict the instances, numbers that are there twice.
std::vector<std::string> findingsIn(store::Connection& db);

}  // namespace maitred::cook
