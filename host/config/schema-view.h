#pragma once
// A Cap'n Proto struct seen as a type of configuration: its keys, annotations and comments.

#include <maitred/schema/config.capnp.h>
#include <maitred/schema/manifest.capnp.h>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema-loader.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace maitred::host {

struct Annotations {
  config::Unit unit = config::Unit::UNSPECIFIED;
  std::optional<double> min, max;
  bool required = false, nonEmpty = false, storeUrl = false, secret = false, secretPath = false,
       oneOrMany = false;
  config::PathBase path = config::PathBase::UNSPECIFIED;
  std::optional<std::string> pattern, mapKey, mapValue, example, deprecated;
};

struct FieldView {
  capnp::StructSchema::Field field;
  std::string key;
  Annotations notes;
  std::string doc;
  bool inUnion = false;
  bool writable = true;  // false for `unspecified` and `unknown` union members, capabilities

  capnp::Type type() const { return field.getType(); }
};

struct StructView {
  capnp::StructSchema schema;
  std::string doc;
  std::vector<FieldView> fields;  // in the order of the source
  bool hasUnion = false;
  std::map<std::string, std::string> absent;  // keys of other programs, and why they are not here

  const FieldView* find(std::string_view key) const;
  const FieldView* findField(std::string_view fieldName) const;
  std::vector<std::string> keys() const;  // writable ones
  std::vector<std::string> unionKeys() const;
  // Why there is no such key, if the schema says so: whatever the spelling, `a-key?` as `a_key`.
  const std::string* whyAbsent(std::string key) const;
};

struct EnumValue {
  std::string key;
  uint16_t value;
  std::string doc;
};

// The schema nodes of one plugin, or of the host itself, loaded. Throws kj::Exception for
// inconsistent nodes. Immutable after construction but for its cache; one thread.
class PluginSchema {
 public:
  explicit PluginSchema(manifest::Embedded::Reader embedded);
  // From what `capnp compile -o-` writes.
  PluginSchema(kj::ArrayPtr<const capnp::word> compilerRequest, uint64_t rootType);

  manifest::Embedded::Reader embedded() const {
    return copy.getRoot<manifest::Embedded>().asReader();
  }
  bool hasConfig() const { return embedded().getConfigType() != 0; }
  capnp::StructSchema configType() const;

  const StructView& view(capnp::StructSchema type) const;
  // Those that can be written: all but `unspecified` and `unknown`.
  std::vector<EnumValue> values(capnp::EnumSchema type) const;

 private:
  void load();
  std::string docOf(uint64_t id, std::optional<uint> member) const;

  mutable capnp::MallocMessageBuilder copy;
  capnp::SchemaLoader loader;
  std::map<uint64_t, capnp::schema::Node::SourceInfo::Reader> sources;
  mutable std::map<uint64_t, std::unique_ptr<StructView>> views;
};

// The schema of maitred.yaml itself, root settings::File.
const PluginSchema& hostSchema();

// For the field of a mapping's element that a bare value fills; null if there is none. `list` has
// $mapKey.
const FieldView* mapValueField(const FieldView& list, const StructView& element);

// "integer", "duration in milliseconds", "text", "one of text, json", "list of text", "section".
std::string describeType(const PluginSchema& schema, const FieldView& field);
// "1..100", "at least 1"; empty without limits.
std::string describeRange(const FieldView& field);
// As it would stand in YAML; null for sections and where the default is nothing.
std::optional<std::string> describeDefault(const PluginSchema& schema, const FieldView& field);
// "integer, 1..100, default 5"
std::string describeField(const PluginSchema& schema, const FieldView& field);

// Smallest and largest value that the field can hold and its annotation allows, in the stored unit.
struct Bounds {
  __int128 min, max;
};
std::optional<Bounds> boundsOf(const FieldView& field);

}  // namespace maitred::host
