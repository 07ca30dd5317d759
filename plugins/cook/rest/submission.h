#pragma once
// The body of POST /jobs, read and checked by itself. What needs the queue's state (ids in use,
// groups that exist) is left to the caller.

#include "fields.h"
#include "pool-terms.h"

#include <core/groups.h>
#include <queue/limits.h>

namespace maitred::cook {

struct Submission {
  std::vector<JobSpec> jobs;
  std::vector<GroupSpec> declaredGroups;
  std::vector<GroupSpec> implicitGroups;  // named by jobs only, in order
  std::string pool;                       // as named in the body; empty if not
  bool overrideGroups = false;
};

// Throws SchemaError for what the schema forbids, Refused for a group that is declared twice. The
// jobs' user is set; limits are for the checks below.
Submission readSubmission(const nlohmann::json& body, const std::string& user,
                          std::size_t most = JobLimits{}.jobsPerRequest);

// The rules, in Cook's order. They throw Refused.
inline constexpr const char* NOTHING_SUBMITTED =
    "Must supply at least one job or group to start."
    "Are you specifying that this is application/json?";
void checkSize(const Submission& submission);  // there is something
void checkIds(const Submission& submission);                            // unique within the request
// Each job within its limits and the pool's terms; all that is wrong is told. After it the pool's
// defaults are filled in.
void checkJobs(const Submission& submission, const JobLimits& limits, const PoolTerms& terms);
void fillIn(Submission& submission, const PoolTerms& terms);

// What the operating system knows of a job's owner; nothing: it does not know the user.
struct Account {
  std::int64_t uid, gid;
};
bool hasDocker(const Submission& submission);
// A docker container runs as the owner and nobody else: the parameter `user` is theirs, or is set.
void checkDockerUser(Submission& submission, const std::optional<Account>& owner);

}  // namespace maitred::cook
