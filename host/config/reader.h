#pragma once
// From a YAML tree to a typed struct, driven by the schema and its annotations.

#include "config.h"
#include "diagnostics.h"
#include "schema-view.h"
#include "source-map.h"
#include "substitute.h"
#include "yaml-tree.h"

#include <capnp/dynamic.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace maitred::host {

struct StoreFile {
  std::string absolute;
  Location where;
};

// What one read needs to know and what it collects.
struct ReadContext {
  Diagnostics& diagnostics;
  SourceMap& map;
  const Environment& environment;
  const PluginSchema& schema;
  std::vector<std::string> instanceNames;  // by position, for messages
  std::string stateFolder;                 // of the instance; for $path(state) and $storeUrl
  std::vector<std::string> policyFolders;  // searched before the folder of the file
  std::vector<PathEntry> paths = {};       // found; whole ways from the root of the file
  std::vector<StoreFile> stores = {};
  std::vector<Confidential> confidential = {};
  // Called for a field of no fixed type, whose value is left out of the struct.
  std::function<void(const ConfigPath&, const yaml::Node&)> untyped = {};
};

class Reader {
 public:
  explicit Reader(ReadContext& context) : context(context) {}

  // Reads a mapping (or nothing) into `target`. `path` is where the mapping stands. Faults go to
  // the diagnostics; what is faulty keeps its default.
  void readRoot(const yaml::Node& node, capnp::DynamicStruct::Builder target,
                const ConfigPath& path);

 private:
  // A place in a message that a value goes to: a field or an element of a list.
  struct Target {
    capnp::DynamicStruct::Builder* parent;
    capnp::StructSchema::Field field;
    capnp::DynamicList::Builder* list;
    uint index;

    void set(const capnp::DynamicValue::Reader& value) const;
    capnp::DynamicStruct::Builder initStruct() const;
    capnp::DynamicList::Builder initList(uint size) const;
  };
  // A value on its way: what its type and annotations are, how it is called, where it goes.
  struct Slot {
    const FieldView& field;
    capnp::Type type;
    Target target;
    ConfigPath path;
  };
  using Struct = capnp::DynamicStruct::Builder;

  // reader.cpp: structs and unions
  void readStruct(const yaml::Node& node, Struct target, const ConfigPath& path);
  void readMembers(const yaml::Node& node, Struct target, const StructView& view,
                   const ConfigPath& path, const FieldView* given);
  void readUnionWord(const yaml::Node& node, Struct target, const StructView& view,
                     const ConfigPath& path);
  void readField(const yaml::Node& node, const Location& key, const FieldView& field, Struct target,
                 const ConfigPath& path);
  bool acceptKey(const yaml::Node& mapping, size_t position, const StructView& view,
                 const ConfigPath& path);
  void checkPresence(const yaml::Node& node, Struct target, const StructView& view,
                     const ConfigPath& path, const FieldView* given);
  void fillPaths(Struct target, const StructView& view, const yaml::Node* written,
                 const ConfigPath& path, int depth);
  bool hasDefaultPaths(const StructView& view, int depth) const;
  std::string section(const ConfigPath& path) const;

  // reader-values.cpp: everything else
  void readValue(const yaml::Node& node, const Slot& slot);
  void readList(const yaml::Node& node, const Slot& slot);
  void readMappedList(const yaml::Node& node, const Slot& slot);
  void readScalar(const yaml::Node& node, const Slot& slot);
  void setWhole(const yaml::Node& node, const std::string& text, const Slot& slot);
  void setReal(const yaml::Node& node, const std::string& text, const Slot& slot);
  void setEnum(const yaml::Node& node, const std::string& text, const Slot& slot);
  void setData(const yaml::Node& node, const std::string& text, const Slot& slot);
  void setText(const yaml::Node& node, std::string text, const Slot& slot);
  bool checkText(const yaml::Node& node, const std::string& text, const Slot& slot);
  std::optional<std::string> textOf(const yaml::Node& node, const Slot& slot);
  void noteConfidential(const Substituted& value, const Slot& slot);
  std::string shown(const std::string& text, const FieldView& field) const;
  void wrongType(const yaml::Node& node, const Slot& slot);

  // reader-paths.cpp: paths and stores made absolute
  std::optional<std::string> resolvePath(const std::string& text, const Location& where,
                                         const FieldView& field, const ConfigPath& path);
  std::optional<std::string> findPolicy(const std::string& text, const Location& where);
  std::optional<std::string> resolveStore(const std::string& text, const Location& where);

  void error(const char* code, const Location& where, std::string message, std::string hint = "") {
    context.diagnostics.error(code, where, std::move(message), std::move(hint));
  }
  void maskAll(const yaml::Node& node);

  ReadContext& context;
};

// Masks every value below `node` in excerpts.
void maskValues(Diagnostics& diagnostics, const yaml::Node& node);

}  // namespace maitred::host
