#include "admin-bodies.h"

namespace maitred::cook {

using nlohmann::json;

namespace {

constexpr std::size_t NAME_BYTES_MOST = 256, VALUES_MOST = 1000;
constexpr double SUM_ROUNDING = 1e-9;  // of portions

void mustBeObject(const json& body) {
  if (!body.is_object()) throw SchemaError("(not (map? " + std::string(body.type_name()) + "))");
}

void finish(Fields& fields) {
  json errors = fields.finish();
  if (!errors.is_null()) throw SchemaError(errors);
}

// Texts, or a list of {key, value}: what a cluster is known by.
void readFacts(Fields& fields, ClusterChange& change) {
  for (const char* key : {"base-path", "ca-cert", "template", "location"}) {
    if (fields.has(key)) change.facts[key] = fields.text(key, false);
  }
  const json* features = fields.take("features");
  if (features == nullptr) return;
  bool sound = features->is_array();
  for (const json& one : *features) {
    sound = sound && one.is_object() && one.contains("key") && one["key"].is_string() &&
            one.contains("value") && one["value"].is_string();
  }
  if (!sound) return fields.violates("features", "list-of-key-and-value?", *features);
  change.facts["features"] = *features;
}

// A number from 0 to 1.
double portionIn(Fields& fields) {
  const json* given = fields.take("portion");
  if (given == nullptr) {
    fields.fault("portion", "missing-required-key");
    return 0;
  }
  bool sound = given->is_number() && given->get<double>() >= 0 && given->get<double>() <= 1;
  if (!sound) fields.violates("portion", "between-0-and-1?", *given);
  return sound ? given->get<double>() : 0;
}

// The faults of the elements of a list, each at its place.
class Places {
 public:
  void add(json errors) {
    any = any || !errors.is_null();
    list.push_back(std::move(errors));
  }
  void into(Fields& fields, const char* key) {
    if (any) fields.nest(key, std::move(list));
  }

 private:
  json list = json::array();
  bool any = false;
};

json readValue(const json& one, IncrementalRow& row) {
  if (!one.is_object()) return "(not (map? " + std::string(one.type_name()) + "))";
  Fields fields(one, false);
  IncrementalValue value;
  value.value = fields.text("value", true);
  value.portion = portionIn(fields);
  value.comment = fields.text("comment", false);
  row.values.push_back(std::move(value));
  return fields.finish();
}

json readRow(const json& one, IncrementalRow& row) {
  if (!one.is_object()) return "(not (map? " + std::string(one.type_name()) + "))";
  Fields fields(one, false);
  row.key = fields.text("key", true);
  if (fields.has("key") && (row.key.empty() || row.key.size() > NAME_BYTES_MOST)) {
    fields.violates("key", "1-to-256-bytes?", row.key);
  }
  const json* values = fields.take("values");
  if (values == nullptr) {
    fields.fault("values", "missing-required-key");
  } else if (!values->is_array() || values->size() > VALUES_MOST) {
    fields.violates("values", "list-of-values?", *values);
  } else {
    Places places;
    for (const json& value : *values) places.add(readValue(value, row));
    places.into(fields, "values");
  }
  return fields.finish();
}

}  // namespace

ClusterChange readClusterChange(const json& body) {
  mustBeObject(body);
  Fields fields(body, false);
  ClusterChange change;
  change.name = fields.text("name", true);
  if (fields.has("name") && (change.name.empty() || change.name.size() > NAME_BYTES_MOST)) {
    fields.violates("name", "1-to-256-bytes?", change.name);
  }
  std::string word = fields.text("state", true);
  auto state = clusterStateOf(word);
  bool isText = body.contains("state") && body["state"].is_string();
  if (isText && !state) fields.violates("state", "running-draining-or-deleted?", word);
  change.state = state.value_or(ClusterState::running);
  if (fields.has("state-locked?")) change.locked = fields.boolean("state-locked?", false);
  readFacts(fields, change);
  change.clusterTemplate = change.facts.value("template", "");
  finish(fields);
  return change;
}

std::string readClusterName(const json& body) {
  mustBeObject(body);
  auto found = body.find("name");
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<IncrementalRow> readIncremental(const json& body) {
  mustBeObject(body);
  Fields fields(body, false);
  std::vector<IncrementalRow> rows;
  const json* configs = fields.take("configs");
  if (configs == nullptr) {
    fields.fault("configs", "missing-required-key");
  } else if (!configs->is_array() || configs->size() > VALUES_MOST) {
    fields.violates("configs", "list-of-configs?", *configs);
  } else {
    Places places;
    for (const json& one : *configs) places.add(readRow(one, rows.emplace_back()));
    places.into(fields, "configs");
  }
  finish(fields);
  for (const IncrementalRow& row : rows) {
    double sum = 0;
    for (const IncrementalValue& one : row.values) sum += one.portion;
    if (sum <= 1 + SUM_ROUNDING) continue;
    throw Refused(400, "The portions of " + row.key + " are more than 1 together.");
  }
  return rows;
}

std::string readShutdown(const json& body) {
  mustBeObject(body);
  Fields fields(body, false);
  std::string reason = fields.text("reason", true);
  finish(fields);
  return reason;
}

}  // namespace maitred::cook
