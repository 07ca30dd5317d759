#include "job-fields.h"
#include "submission.h"

#include <store/demands.h>
#include <store/group-text.h>

#include <algorithm>
#include <set>

namespace maitred::cook {

using nlohmann::json;

namespace {

constexpr std::int64_t PRIORITY_MOST = 16'000'000;

Uuid readUuid(Fields& fields, const char* key, bool required) {
  std::string text = fields.text(key, required);
  if (text.empty()) {
    if (fields.has(key) && !required) fields.violates(key, "uuid?", text);
    return {};
  }
  auto id = Uuid::parse(text);
  if (!id) fields.violates(key, "uuid?", text);
  return id.value_or(Uuid{});
}

void readUris(Fields& fields, JobSpec& spec) {
  const json* list = fields.take("uris");
  if (list == nullptr) return;
  if (!list->is_array() || list->size() > 1000) return fields.violates("uris", "list?", *list);
  for (const json& one : *list) {
    if (!one.is_object()) return fields.violates("uris", "map?", one);
    Fields uri(one, false);
    Uri read{uri.text("value", true), uri.boolean("executable", false),
             uri.boolean("extract", false), uri.boolean("cache", false)};
    json errors = uri.finish();
    if (!errors.is_null()) return fields.nest("uris", std::move(errors));
    spec.uris.push_back(std::move(read));
  }
}

void readConstraints(Fields& fields, JobSpec& spec) {
  const json* list = fields.take("constraints");
  if (list == nullptr) return;
  if (!list->is_array() || list->size() > 100)
    return fields.violates("constraints", "list?", *list);
  for (const json& one : *list) {
    bool shaped = one.is_array() && one.size() == 3 &&
                  std::all_of(one.begin(), one.end(), [](const json& e) { return e.is_string(); });
    if (!shaped) return fields.violates("constraints", "attribute-operator-pattern?", one);
    std::string op = one[1];
    std::transform(op.begin(), op.end(), op.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    if (op != "EQUALS") return fields.violates("constraints", "supported-operator?", one);
    AttributeRule rule{one[0], one[2]};
    if (rule.attribute.empty() || !isLabelValue(rule.attribute) || !isLabelValue(rule.value)) {
      return fields.violates("constraints", "valid-k8s-pod-label-value?", one);
    }
    spec.constraints.push_back(std::move(rule));
  }
}

// Fields that most jobs do not have.
void readExtras(Fields& fields, JobSpec& spec) {
  json extra = json::object();
  if (auto application = readApplication(fields)) extra["application"] = *application;
  if (auto checkpoint = readCheckpoint(fields)) extra["checkpoint"] = *checkpoint;
  if (auto disk = readDisk(fields)) extra["disk"] = *disk;
  if (auto container = readContainer(fields)) extra["container"] = jsonOf(*container);
  if (fields.has("executor")) {
    std::string executor = fields.text("executor", false);
    if (executor != "cook" && executor != "mesos") {
      fields.violates("executor", "executor?", executor);
    }
    extra["executor"] = executor;
  }
  const std::pair<const char*, const char*> texts[] = {
      {"progress-output-file", "progress_output_file"},
      {"progress-regex-string", "progress_regex_string"}};
  for (const auto& [key, shownAs] : texts) {
    if (!fields.has(key)) continue;
    std::string value = fields.text(key, false);
    if (value.empty()) fields.violates(key, "not-empty?", value);
    extra[shownAs] = value;
  }
  std::int64_t expected = fields.integer("expected-runtime", 1, 0, false, "pos?");
  if (expected > 0) {
    extra["expected_runtime"] = expected;
    if (expected > spec.maxRuntimeMs) {
      fields.fault("expected-runtime", "(not (valid-runtimes? expected_runtime max_runtime))");
    }
  }
  fields.text("status", false);  // accepted for old clients, means nothing
  if (extra.empty()) return;
  spec.extra = extra.dump(-1, ' ', false, json::error_handler_t::replace);
  spec.demands = demandsOf(spec.extra);
}

JobSpec readJob(const json& object, const std::string& user, json& errors) {
  Fields fields(object, true);
  JobSpec spec;
  spec.user = user;
  spec.id = readUuid(fields, "uuid", true);
  spec.command = fields.text("command", true);
  spec.cpus = fields.positive("cpus");
  spec.mem = fields.positive("mem");
  spec.maxRetries = fields.integer("max-retries", 1, 1, true, "pos?");
  spec.name = fields.text("name", false, "cookjob");
  if (!validJobName(spec.name))
    fields.violates("name", "max-128-characters-and-alphanum?", spec.name);
  spec.priority = fields.integer("priority", 0, 50, false, "between-0-and-16000000");
  if (spec.priority > PRIORITY_MOST) {
    fields.violates("priority", "between-0-and-16000000", spec.priority);
  }
  spec.maxRuntimeMs = fields.integer("max-runtime", 1, JobSpec::NO_RUNTIME_LIMIT, false, "pos?");
  spec.gpus = static_cast<double>(fields.integer("gpus", 1, 0, false, "pos?"));
  spec.ports = fields.integer("ports", 0, 0, false, "non-negative?");
  spec.disableMeaCulpa = fields.boolean("disable-mea-culpa-retries", false);
  spec.environment = fields.pairs("env");
  spec.labels = fields.pairs("labels");
  readUris(fields, spec);
  readConstraints(fields, spec);
  readExtras(fields, spec);
  if (fields.has("group")) {
    spec.group = readUuid(fields, "group", false);
    spec.groupName = "defaultgroup";
  }
  errors = fields.finish();
  return spec;
}

constexpr std::size_t GROUP_NAME_BYTES_MOST = 256;

GroupSpec readGroup(const json& object, json& errors) {
  Fields fields(object, true);
  GroupSpec group;
  group.id = readUuid(fields, "uuid", true);
  group.name = fields.text("name", false, "cookgroup");
  if (group.name.size() > GROUP_NAME_BYTES_MOST) {
    fields.violates("name", "max-256-bytes?", group.name.size());
  }
  auto read = [&](const char* key, auto& into, auto&& reader) {
    const json* value = fields.take(key);
    if (value == nullptr) return;
    try {
      into = reader(*value);
    } catch (const GroupTextError& error) {
      fields.violates(key, error.predicate.c_str(), error.value);
    }
  };
  read("host-placement", group.placement, hostPlacementOf);
  read("straggler-handling", group.stragglers, stragglerHandlingOf);
  errors = fields.finish();
  return group;
}

// Reads each object of a list; the errors have a null for each one that is sound.
template <typename Read>
void readList(const json& list, const char* key, std::size_t most, json& errors, Read&& read) {
  if (!list.is_array()) {
    errors[key] = "(not (sequential? " + std::string(list.type_name()) + "))";
    return;
  }
  if (list.size() > most) {
    throw Refused(400, "Request has " + std::to_string(list.size()) + " " + key +
                           ", but at most " + std::to_string(most) +
                           " are allowed: send several requests");
  }
  json each = json::array();
  bool any = false;
  for (const json& one : list) {
    json fault;
    if (one.is_object()) {
      read(one, fault);
    } else {
      fault = "(not (map? " + std::string(one.type_name()) + "))";
    }
    any = any || !fault.is_null();
    each.push_back(std::move(fault));
  }
  if (any) errors[key] = std::move(each);
}

}  // namespace

Submission readSubmission(const json& body, const std::string& user, std::size_t most) {
  if (!body.is_object()) throw SchemaError("(not (map? " + std::string(body.type_name()) + "))");
  Fields fields(body, true);
  Submission found;
  json errors = json::object();
  std::map<Uuid, std::string> groups;  // their names
  const json* jobs = fields.take("jobs");
  if (const json* list = fields.take("groups")) {
    readList(*list, "groups", most, errors, [&](const json& one, json& fault) {
      GroupSpec group = readGroup(one, fault);
      if (!groups.emplace(group.id, group.name).second) {
        throw Refused(400, "Group UUID " + group.id.text() + " occurs twice");
      }
      found.declaredGroups.push_back(std::move(group));
    });
  }
  if (jobs == nullptr) {
    fields.fault("jobs", "missing-required-key");
  } else {
    readList(*jobs, "jobs", most, errors, [&](const json& one, json& fault) {
      found.jobs.push_back(readJob(one, user, fault));
    });
  }
  found.pool = fields.text("pool", false);
  found.overrideGroups = fields.boolean("override-group-immutability", false);
  json own = fields.finish();
  if (!own.is_null()) errors.update(own);
  if (!errors.empty()) throw SchemaError(errors);
  std::set<Uuid> implicit;
  for (JobSpec& job : found.jobs) {
    if (!job.group) continue;
    auto declared = groups.find(*job.group);
    if (declared != groups.end()) {
      job.groupName = declared->second;
    } else if (implicit.insert(*job.group).second) {
      found.implicitGroups.push_back({.id = *job.group});
    }
  }
  return found;
}

void checkSize(const Submission& submission) {
  if (!submission.jobs.empty() || !submission.declaredGroups.empty()) return;
  throw Refused(400, NOTHING_SUBMITTED);
}

void checkIds(const Submission& submission) {
  std::set<Uuid> seen;
  std::string twice;
  for (const JobSpec& job : submission.jobs) {
    if (!seen.insert(job.id).second) twice += (twice.empty() ? "" : " ") + job.id.text();
  }
  if (!twice.empty()) throw Refused(400, "Duplicate job uuids: [" + twice + "]");
}

}  // namespace maitred::cook
