#include "admin-bodies.h"

namespace maitred::cook {

using nlohmann::json;

namespace {

constexpr std::size_t NAME_BYTES_MOST = 256;

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
  if (!word.empty() && !state) fields.violates("state", "running-draining-or-deleted?", word);
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

}  // namespace maitred::cook
