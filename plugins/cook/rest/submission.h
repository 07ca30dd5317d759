#pragma once
// The body of POST /jobs, read and checked by itself. What needs the queue's state (ids in use,
// groups that exist) is left to the caller.

#include "fields.h"

#include <core/groups.h>
#include <queue/limits.h>

namespace maitred::cook {

struct Submission {
  std::vector<JobSpec> jobs;
  std::vector<GroupSpec> declaredGroups;
  std::vector<GroupSpec> implicitGroups;  // named by jobs only, in order
  std::string pool;                       // as named in the body; empty if not
  bool overrideGroups = false;
  // What the first job that asks for something that there is not asks for.
  enum class Unsupported { nothing, gpus, disk, container };
  Unsupported unsupported = Unsupported::nothing;
};

// Throws SchemaError for what the schema forbids, Refused for a group that is declared twice. The
// jobs' user is set; limits are for the checks below.
Submission readSubmission(const nlohmann::json& body, const std::string& user);

// The rules, in Cook's order. They throw Refused.
void checkSize(const Submission& submission, const JobLimits& limits);  // some, not too many
void checkIds(const Submission& submission);                            // unique within the request
// Each job within its limits. `pool` is how the pool is called in texts.
void checkJobs(const Submission& submission, const JobLimits& limits, const std::string& pool);

}  // namespace maitred::cook
