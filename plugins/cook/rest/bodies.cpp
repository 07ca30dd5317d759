#include "bodies.h"

#include <cmath>
#include <set>

namespace maitred::cook {

using nlohmann::json;

namespace {

constexpr double COUNT_MOST = 2147483647;  // what clients read as unlimited

constexpr std::size_t USER_BYTES_MOST = 256;
const std::vector<std::string> SHARED{"cpus", "gpus", "mem"};
const std::vector<std::string> QUOTAS_ONLY{"count", "launch-rate-per-minute", "launch-rate-saved"};

bool isResource(const std::string& key, LimitKind kind) {
  auto in = [&](const auto& list) {
    return std::find(list.begin(), list.end(), key) != list.end();
  };
  return in(SHARED) || (kind == LimitKind::quota && in(QUOTAS_ONLY));
}

// The amounts of `{"share": {"cpus": 3}}`.
void readAmounts(Fields& fields, LimitKind kind, LimitChange& change) {
  const char* key = name(kind);
  const json* amounts = fields.take(key);
  if (amounts == nullptr) return fields.fault(key, "missing-required-key");
  if (!amounts->is_object()) return fields.violates(key, "map?", *amounts);
  for (auto it = amounts->begin(); it != amounts->end(); ++it) {
    if (!it.value().is_number()) return fields.violates(key, "number?", it.value());
    if (!(it.value().get<double>() >= 0)) {
      return fields.violates(key, "non-negative?", it.value());
    }
  }
  auto amount = [&](const char* resource) -> std::optional<double> {
    auto found = amounts->find(resource);
    if (found == amounts->end()) return std::nullopt;
    double value = found->get<double>();
    // A share of nothing would divide by nothing; it has no effect.
    if (kind == LimitKind::share && value == 0) return std::nullopt;
    return value;
  };
  change.mem = amount("mem");
  change.cpus = amount("cpus");
  change.gpus = amount("gpus");
  if (kind == LimitKind::share) return;
  if (auto count = amount("count")) {
    change.count = static_cast<std::int64_t>(std::min(std::floor(*count), COUNT_MOST));
  }
  change.launchRateSaved = amount("launch-rate-saved");
  change.launchRatePerMinute = amount("launch-rate-per-minute");
}

void checkNames(const json& body, LimitKind kind) {
  const json& amounts = body[name(kind)];
  if (amounts.empty()) {
    throw Refused(400, std::string("No ") + name(kind) +
                           " set. Are you specifying that this is application/json?");
  }
  std::string unknown;
  for (auto it = amounts.begin(); it != amounts.end(); ++it) {
    if (!isResource(it.key(), kind)) unknown += (unknown.empty() ? "" : " ") + it.key();
  }
  if (!unknown.empty()) throw Refused(400, "Unknown resource type(s)" + unknown.substr(0, 200));
}

std::vector<Uuid> readIds(Fields& fields, const char* key, std::size_t most) {
  std::vector<Uuid> ids;
  std::set<Uuid> seen;
  const json* list = fields.take(key);
  if (list == nullptr) return ids;
  if (!list->is_array() || list->size() > most) {
    fields.violates(key, "list-of-uuids?", *list);
    return ids;
  }
  for (const json& one : *list) {
    auto id = one.is_string() ? Uuid::parse(one.get_ref<const std::string&>()) : std::nullopt;
    if (!id) {
      fields.violates(key, "uuid?", one);
      break;
    }
    if (seen.insert(*id).second) ids.push_back(*id);  // a group may have many jobs
  }
  return ids;
}

}  // namespace

const char* name(LimitKind kind) {
  return kind == LimitKind::share ? "share" : "quota";
}

LimitChange readLimitChange(const json& body, LimitKind kind) {
  if (!body.is_object()) throw SchemaError("(not (map? " + std::string(body.type_name()) + "))");
  Fields fields(body, false);
  LimitChange change;
  change.user = fields.text("user", true);
  if (body.contains("user") && body["user"].is_string() &&
      (change.user.empty() || change.user.size() > USER_BYTES_MOST)) {
    fields.violates("user", "1-to-256-bytes?", change.user);
  }
  change.reason = fields.text("reason", true);
  change.pool = fields.text("pool", false);
  readAmounts(fields, kind, change);
  json errors = fields.finish();
  if (!errors.is_null()) throw SchemaError(errors);
  checkNames(body, kind);
  return change;
}

RetryChange readRetryChange(const json& body, const std::vector<std::string_view>& queryJobs,
                            bool deprecated, std::size_t idsMost) {
  if (!body.is_object()) throw SchemaError("(not (map? " + std::string(body.type_name()) + "))");
  Fields fields(body, true);
  RetryChange change;
  bool inBody = fields.has("job"), listed = fields.has("jobs"), inQuery = !queryJobs.empty();
  if (inBody) {
    std::string text = fields.text("job", true);
    auto id = Uuid::parse(text);
    if (!id) fields.violates("job", "uuid?", text);
    change.jobs.push_back(id.value_or(Uuid{}));
  }
  auto more = readIds(fields, "jobs", idsMost);
  change.jobs.insert(change.jobs.end(), more.begin(), more.end());
  if (!deprecated) change.groups = readIds(fields, "groups", idsMost);
  auto amount = [&](const char* key) -> std::optional<std::int64_t> {
    if (!fields.has(key)) return std::nullopt;
    return fields.integer(key, 1, 1, true, "pos?");
  };
  change.retries = amount("retries");
  change.increment = amount("increment");
  if (!deprecated) change.failedOnly = fields.boolean("failed-only", !change.groups.empty());
  json errors = fields.finish();
  if (!errors.is_null()) throw SchemaError(errors);
  if (inBody && listed) throw Refused(400, "Can't specify both \"job\" and \"jobs\".");
  if (inBody && inQuery) throw Refused(400, "Can't specify \"job\" in both query and body.");
  if (listed && inQuery) {
    throw Refused(400, "Can't specify both \"job\" in query and \"jobs\" in body.");
  }
  if (queryJobs.size() > idsMost) throw Refused(400, "too many jobs in the query");
  for (std::string_view text : queryJobs) change.jobs.push_back(uuidOf(text));
  if (change.jobs.empty() && change.groups.empty()) {
    throw Refused(400, "Need to specify at least 1 job or group.");
  }
  if (!change.retries && !change.increment) {
    throw Refused(400, "Need to specify either retries or increment.");
  }
  if (change.retries && change.increment) {
    throw Refused(400, "Can't specify both retries and increment.");
  }
  return change;
}

ProgressReport readProgress(const json& body) {
  if (!body.is_object()) throw SchemaError("(not (map? " + std::string(body.type_name()) + "))");
  Fields fields(body, true);
  ProgressReport report;
  report.sequence = fields.integer("progress-sequence", INT64_MIN, 0, true, "integer?");
  if (fields.has("progress-percent")) {
    std::int64_t percent = fields.integer("progress-percent", INT32_MIN, 0, true, "int32?");
    if (percent > INT32_MAX) fields.violates("progress-percent", "int32?", percent);
    report.percent = static_cast<int>(percent);
  }
  if (fields.has("progress-message")) report.message = fields.text("progress-message", true);
  json errors = fields.finish();
  if (!errors.is_null()) throw SchemaError(errors);
  if (!report.percent && !report.message) {
    throw Refused(400, "a progress update needs progress_percent, progress_message or both");
  }
  return report;
}

}  // namespace maitred::cook
