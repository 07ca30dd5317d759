// JSON Schema for editors; see tools.h.

#include "quantity.h"
#include "schema-view.h"
#include "tools.h"

#include <nlohmann/json.hpp>

#include <capnp/schema.capnp.h>

#include <ostream>

namespace maitred::host {

namespace {

using Json = nlohmann::ordered_json;
using Which = capnp::schema::Type::Which;

constexpr const char* dialect = "https://json-schema.org/draft/2020-12/schema";
// Values from outside stand for any type.
constexpr const char* outside = "^file:|\\$\\{";

// Writes struct types as definitions, each once, so that types may contain themselves.
class Definitions {
 public:
  Definitions(const PluginSchema& schema, std::string prefix, Json& definitions)
      : schema(schema), prefix(std::move(prefix)), definitions(definitions) {}

  Json reference(capnp::StructSchema type) {
    std::string name = nameOf(type);
    if (!definitions.contains(name)) {
      definitions[name] = Json::object();  // so that a type that refers to itself ends here
      Json body = structure(type);
      definitions[name] = std::move(body);
    }
    return {{"$ref", "#/$defs/" + name}};
  }

 private:
  std::string nameOf(capnp::StructSchema type) const {
    std::string display = type.getProto().getDisplayName().cStr();
    size_t colon = display.rfind(':');
    return prefix + (colon == std::string::npos ? display : display.substr(colon + 1));
  }

  Json structure(capnp::StructSchema type) {
    const StructView& view = schema.view(type);
    Json object = {
        {"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
    bool onlyUnion = view.hasUnion;
    for (const FieldView& field : view.fields) {
      if (!field.inUnion) onlyUnion = false;
      if (!field.writable) continue;
      object["properties"][field.key] = property(field);
      if (field.notes.required) object["required"].push_back(field.key);
    }
    if (!view.doc.empty()) object["description"] = view.doc;
    if (!onlyUnion) return object;
    object["maxProperties"] = 1;
    std::string words;
    for (const FieldView& field : view.fields) {
      if (!field.writable) continue;
      words += (words.empty() ? "" : "|") + field.key + (field.type().isVoid() ? "" : " .+");
    }
    return {
        {"anyOf", Json::array({object, {{"type", "string"}, {"pattern", "^(" + words + ")$"}}})}};
  }

  Json property(const FieldView& field) {
    Json json = ofType(field, field.type());
    if (!field.doc.empty()) json["description"] = field.doc;
    if (auto preset = describeDefault(schema, field)) json["default"] = defaultOf(field, *preset);
    if (field.notes.example) json["examples"] = Json::array({*field.notes.example});
    if (field.notes.deprecated) json["deprecated"] = true;
    return json;
  }

  static Json defaultOf(const FieldView& field, const std::string& text) {
    if (field.type().isText() || field.type().isEnum()) return text;
    Json parsed = Json::parse(text, nullptr, false);
    return parsed.is_discarded() ? Json(text) : parsed;
  }

  Json ofType(const FieldView& field, capnp::Type type) {
    switch (type.which()) {
      case Which::VOID:
        return {{"type", "null"}};
      case Which::BOOL:
        return orOutside({{"type", "boolean"}}, outside);
      case Which::TEXT:
        return textOf(field);
      case Which::DATA:
        return {{"type", "string"}};
      case Which::ENUM:
        return enumOf(type.asEnum());
      case Which::STRUCT:
        return reference(type.asStruct());
      case Which::LIST:
        return listOf(field, type.asList());
      case Which::FLOAT32:
      case Which::FLOAT64:
        return numberOf(field, "number");
      case Which::ANY_POINTER:
        return {{"type", "object"}};
      default:
        return numberOf(field, field.notes.unit == Unit::UNSPECIFIED ? "integer" : "number");
    }
  }

  static Json orOutside(Json own, const std::string& pattern) {
    return {{"anyOf", Json::array({std::move(own), {{"type", "string"}, {"pattern", pattern}}})}};
  }

  static Json textOf(const FieldView& field) {
    Json json = {{"type", "string"}};
    if (field.notes.nonEmpty) json["minLength"] = 1;
    if (field.notes.pattern) json["pattern"] = "^(" + *field.notes.pattern + ")$|" + outside;
    return json;
  }

  Json enumOf(capnp::EnumSchema type) const {
    Json names = Json::array();
    for (const EnumValue& value : schema.values(type)) names.push_back(value.key);
    return orOutside({{"enum", names}}, outside);
  }

  static Json numberOf(const FieldView& field, const char* kind) {
    Json number = {{"type", kind}};
    double scale = field.notes.unit == Unit::CPU_MILLIS ? 1000 : 1;  // written in whole cpus
    if (field.notes.min) number["minimum"] = *field.notes.min / scale;
    if (field.notes.max) number["maximum"] = *field.notes.max / scale;
    auto bounds = boundsOf(field);
    if (!field.notes.min && bounds && bounds->min == 0) number["minimum"] = 0;
    std::string pattern = outside;
    if (std::string units = suffixesOf(field.notes.unit); field.notes.unit == Unit::CPU_MILLIS) {
      pattern = "^[0-9.]+m?$|" + pattern;
    } else if (!units.empty()) {
      std::string choice;
      for (char c : units)
        choice += c == ',' ? std::string("|") : c == ' ' ? std::string() : std::string(1, c);
      pattern = "^[0-9.]+ *(" + choice + ")?$|" + pattern;
    }
    return orOutside(std::move(number), pattern);
  }

  Json listOf(const FieldView& field, capnp::ListSchema type) {
    auto element = type.getElementType();
    Json array = {{"type", "array"}, {"items", ofType(field, element)}};
    if (field.notes.nonEmpty) array["minItems"] = 1;
    Json forms = Json::array({array});
    if (field.notes.oneOrMany && !element.isStruct()) forms.push_back(ofType(field, element));
    if (field.notes.mapKey && element.isStruct())
      forms.push_back(mappingOf(field, element.asStruct()));
    return forms.size() == 1 ? forms[0] : Json{{"anyOf", forms}};
  }

  // Each value is the element without its key, or the short form.
  Json mappingOf(const FieldView& field, capnp::StructSchema type) {
    const StructView& view = schema.view(type);
    Json value = {{"type", Json::array({"object", "null"})},
                  {"additionalProperties", false},
                  {"properties", Json::object()}};
    for (const FieldView& member : view.fields) {
      if (!member.writable || member.field.getProto().getName() == field.notes.mapKey->c_str())
        continue;
      value["properties"][member.key] = property(member);
    }
    if (const FieldView* brief = mapValueField(field, view)) {
      value = {{"anyOf", Json::array({value, ofType(*brief, brief->type())})}};
    }
    return {{"type", "object"}, {"additionalProperties", value}};
  }

  const PluginSchema& schema;
  std::string prefix;
  Json& definitions;
};

}  // namespace

void writePluginJsonSchema(std::ostream& out, manifest::Embedded::Reader plugin) {
  Json definitions = Json::object();
  Json json = {{"$schema", dialect}, {"title", plugin.getManifest().getName().cStr()}};
  if (plugin.getConfigType() != 0) {
    PluginSchema schema(plugin);
    json.update(Definitions(schema, "", definitions).reference(schema.configType()));
  } else {
    json.update({{"type", "object"}, {"maxProperties", 0}});
  }
  json["$defs"] = std::move(definitions);
  out << json.dump(2) << '\n';
}

void writeFileJsonSchema(std::ostream& out,
                         const std::vector<manifest::Embedded::Reader>& plugins) {
  Json definitions = Json::object();
  const PluginSchema& host = hostSchema();
  Json json = {{"$schema", dialect}, {"title", "maitred.yaml"}};
  json.update(Definitions(host, "", definitions).reference(host.configType()));
  for (auto plugin : plugins) {
    if (plugin.getConfigType() == 0) continue;
    std::string name = plugin.getManifest().getName().cStr();
    PluginSchema schema(plugin);
    Json config = Definitions(schema, name + ".", definitions).reference(schema.configType());
    Json rule = {{"if",
                  {{"properties", {{"library", {{"const", name}}}}},
                   {"required", Json::array({"library"})}}},
                 {"then", {{"properties", {{"config", config}}}}}};
    definitions["Plugin"]["allOf"].push_back(std::move(rule));
  }
  json["$defs"] = std::move(definitions);
  out << json.dump(2) << '\n';
}

}  // namespace maitred::host
