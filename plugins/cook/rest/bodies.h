#pragma once
// The bodies of all requests but submissions: read and checked by themselves. All
// throw SchemaError for what has the wrong shape, Refused for what has the wrong content.

#include "fields.h"

#include <core/progress.h>

namespace maitred::cook {

enum class LimitKind { share, quota };
const char* name(LimitKind kind);  // "share", "quota"

// POST /share, POST /quota. What is absent is left as it is.
struct LimitChange {
  std::string user;
  std::string reason;
  std::string pool;  // as named in the body; empty if not
  std::optional<double> mem, cpus, gpus;
  // Quotas only.
  std::optional<std::int64_t> count;
  std::optional<double> launchRateSaved, launchRatePerMinute;
};
LimitChange readLimitChange(const nlohmann::json& body, LimitKind kind);

// PUT and POST /retry.
struct RetryChange {
  std::vector<Uuid> jobs;
  std::vector<Uuid> groups;
  std::optional<std::int64_t> retries;    // the new number of attempts …
  std::optional<std::int64_t> increment;  // … or so many more; exactly one of the two
  bool failedOnly = false;
};
// `queryJobs`: the parameters `job` of the query. `deprecated`: POST, which knows neither groups
// nor failed_only.
RetryChange readRetryChange(const nlohmann::json& body,
                            const std::vector<std::string_view>& queryJobs, bool deprecated,
                            std::size_t idsMost);

// POST /progress.
ProgressReport readProgress(const nlohmann::json& body);

}  // namespace maitred::cook
