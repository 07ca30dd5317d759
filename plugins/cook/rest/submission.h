#pragma once
// The body of POST /jobs, read and checked by itself. What needs the queue's state (ids in use,
// groups that exist) is left to the caller.

#include "fields.h"

#include <queue/limits.h>

namespace maitred::cook {

struct Submission {
  std::vector<JobSpec> jobs;
  std::vector<Uuid> declaredGroups;
  std::vector<Uuid> implicitGroups;  // named by jobs only, in order
  std::string pool;                  // as named in the body; empty if not
  bool overrideGroups = false;
};

// Throws SchemaError for what the schema forbids, Refused for what the rules forbid. The jobs' user
// is set; limits are for check() below; `poolShown` is how the pool is called in texts.
Submission readSubmission(const nlohmann::json& body, const std::string& user,
                          const std::string& poolShown);

// The rules in Cook's order: not empty, ids unique within the request, each job within its limits.
void check(const Submission& submission, const JobLimits& limits);

}  // namespace maitred::cook
