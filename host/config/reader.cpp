#include "reader.h"

#include "names.h"
#include "source-texts.h"

#include <capnp/schema.capnp.h>

#include <algorithm>

namespace maitred::host {

using yaml::Kind;
using yaml::Member;
using yaml::Node;

namespace {

ConfigPath below(const ConfigPath& path, const std::string& key) {
  ConfigPath result = path;
  result.push_back(key);
  return result;
}

// "did you mean …", or what there is.
std::string suggestKey(const PluginSchema& schema, const StructView& view, const std::string& key) {
  std::vector<std::string> keys = view.keys();
  if (auto near = nearest(key, keys)) {
    return "did you mean " + quote(*near) + "? (" + describeField(schema, *view.find(*near)) + ")";
  }
  if (keys.empty()) return "there are no keys here";
  if (keys.size() > 16) return "";
  std::string list;
  for (const std::string& known : keys) list += (list.empty() ? "" : ", ") + known;
  return "known here: " + list;
}

}  // namespace

void maskValues(Diagnostics& diagnostics, const Node& node) {
  if (node.isScalar()) diagnostics.texts().mask(node.where, node.endLine, node.endColumn);
  for (const Node& item : node.items) maskValues(diagnostics, item);
  for (const Member& member : node.members) maskValues(diagnostics, member.value);
}

void Reader::maskAll(const Node& node) {
  maskValues(context.diagnostics, node);
}

void Reader::Target::set(const capnp::DynamicValue::Reader& value) const {
  if (parent != nullptr) {
    parent->set(field, value);
  } else {
    list->set(index, value);
  }
}

capnp::DynamicStruct::Builder Reader::Target::initStruct() const {
  if (parent != nullptr) return parent->init(field).as<capnp::DynamicStruct>();
  return (*list)[index].as<capnp::DynamicStruct>();
}

capnp::DynamicList::Builder Reader::Target::initList(uint size) const {
  if (parent != nullptr) return parent->init(field, size).as<capnp::DynamicList>();
  return list->init(index, size).as<capnp::DynamicList>();
}

// Where a key stands, in words: `in section "limits" of plugin "cook"`.
std::string Reader::section(const ConfigPath& path) const {
  if (path.empty()) return "at the top of the file";
  if (path[0] != "plugins" || path.size() < 2) return "in " + quote(joinPath(path));
  size_t index = std::strtoul(path[1].c_str(), nullptr, 10);
  std::string name = index < context.instanceNames.size() ? context.instanceNames[index] : "";
  std::string plugin = name.empty() ? "plugin " + path[1] : "plugin " + quote(name);
  if (path.size() == 2) return "in " + plugin;
  if (path.size() == 3 && path[2] == "config") return "in the config of " + plugin;
  size_t skip = path[2] == "config" ? 3 : 2;
  return "in section " + quote(joinPath({path.begin() + skip, path.end()})) + " of " + plugin;
}

void Reader::readRoot(const Node& node, Struct target, const ConfigPath& path) {
  if (context.map.find(path) == nullptr) context.map.add(path, {}, node.where);
  readStruct(node, target, path);
}

void Reader::readStruct(const Node& node, Struct target, const ConfigPath& path) {
  const StructView& view = context.schema.view(target.getSchema());
  if (node.isScalar() && view.hasUnion) {
    readUnionWord(node, target, view, path);
  } else if (node.isMapping() || node.isNull()) {
    readMembers(node, target, view, path, nullptr);
  } else {
    std::string takes = view.hasUnion ? "one of " + quoteAll(view.unionKeys()) : "a mapping";
    error("wrong-type", node.where,
          "expected " + takes + " " + section(path) + ", found " + std::string(describe(node)));
  }
}

// `given`: a field that was filled already, from the key of a mapping.
void Reader::readMembers(const Node& node, Struct target, const StructView& view,
                         const ConfigPath& path, const FieldView* given) {
  const Member* chosen = nullptr;  // of the union
  for (size_t i = 0; i < node.members.size(); ++i) {
    const Member& member = node.members[i];
    if (!acceptKey(node, i, view, path)) continue;
    const FieldView& field = *view.find(member.key);
    if (&field == given) {
      error("duplicate-key", member.where,
            quote(member.key) + " is given by the key of this mapping already");
      continue;
    }
    if (field.inUnion && chosen != nullptr) {
      context.diagnostics.add(
          {Severity::error,
           "union-twice",
           member.where,
           "only one of " + quoteAll(view.unionKeys()) + " can be chosen " + section(path),
           "",
           {{chosen->where, quote(chosen->key) + " is chosen here"}}});
      continue;
    }
    if (field.inUnion) chosen = &member;
    readField(member.value, member.where, field, target, path);
  }
  checkPresence(node, target, view, path, given);
  fillPaths(target, view, &node, path, 0);
}

bool Reader::acceptKey(const Node& mapping, size_t position, const StructView& view,
                       const ConfigPath& path) {
  const Member& member = mapping.members[position];
  const FieldView* field = view.find(member.key);
  for (size_t i = 0; i < position; ++i) {
    const Member& earlier = mapping.members[i];
    if (earlier.key != member.key) continue;
    if (field != nullptr && field->notes.secret) maskAll(member.value);
    context.diagnostics.add({Severity::error,
                             "duplicate-key",
                             member.where,
                             "the key " + quote(member.key) + " is written twice " + section(path),
                             "keep one of them",
                             {{earlier.where, "the first one"}}});
    return false;
  }
  if (field != nullptr) return true;
  auto near = nearest(member.key, view.keys());
  if (soundsSecret(member.key) || (near && view.find(*near)->notes.secret)) maskAll(member.value);
  if (member.key == "<<") {
    error("unknown-key", member.where, "YAML merge keys are not used here",
          "write the keys out, or `include` a file");
  } else if (const std::string* why = view.whyAbsent(member.key)) {
    error("absent-key", member.where, "there is no key " + quote(member.key) + " " + section(path),
          *why);
  } else {
    error("unknown-key", member.where, "unknown key " + quote(member.key) + " " + section(path),
          suggestKey(context.schema, view, member.key));
  }
  return false;
}

void Reader::readField(const Node& node, const Location& key, const FieldView& field, Struct target,
                       const ConfigPath& path) {
  ConfigPath own = below(path, field.key);
  context.map.add(own, key, node.where);
  if (field.notes.deprecated) {
    context.diagnostics.warning("deprecated", key,
                                quote(field.key) + " is deprecated " + section(path),
                                *field.notes.deprecated);
  }
  readValue(node, {field, field.type(), {&target, field.field, nullptr, 0}, own});
}

// `host`, or `fixed alice`.
void Reader::readUnionWord(const Node& node, Struct target, const StructView& view,
                           const ConfigPath& path) {
  std::string text = node.text;
  if (text.starts_with("${")) {  // the choice itself comes from a variable
    Substituted value = substituteVariables(text, context.environment);
    if (!value.fault.empty()) {
      error(value.code.c_str(), node.where, value.fault, value.hint);
      return;
    }
    text.clear();
    for (char c : value.text) text.append(c == '$' ? 2 : 1, c);  // what follows is read once more
  }
  size_t space = text.find(' ');
  std::string word = text.substr(0, space);
  size_t start =
      space == std::string::npos ? std::string::npos : text.find_first_not_of(' ', space);
  const FieldView* member = view.find(word);
  if (member == nullptr || !member->inUnion) {
    auto near = nearest(word, view.unionKeys());
    error("union-unknown", node.where, quote(word) + " is no choice " + section(path),
          near ? "did you mean " + quote(*near) + "?"
               : "choose one of " + quoteAll(view.unionKeys()));
    return;
  }
  Node value;
  value.where = node.where;
  value.endLine = node.endLine;
  value.endColumn = node.endColumn;
  if (start != std::string::npos) {
    value.kind = Kind::scalar;
    value.text = text.substr(start);
  }
  bool isVoid = member->type().isVoid();
  if (isVoid && !value.isNull()) {
    error("union-value", node.where, quote(word) + " stands alone " + section(path),
          "write only " + quote(word));
  } else if (!isVoid && value.isNull()) {
    error("union-value", node.where, quote(word) + " needs a value " + section(path),
          "write " + word + " VALUE, or { " + word + ": VALUE } (" +
              describeField(context.schema, *member) + ")");
  } else {
    readField(value, node.where, *member, target, path);
  }
  checkPresence(node, target, view, path, member);
}

void Reader::checkPresence(const Node& node, Struct target, const StructView& view,
                           const ConfigPath& path, const FieldView* given) {
  bool onlyUnion = true, chosen = false, preset = false;
  for (const FieldView& field : view.fields) {
    bool written = &field == given || node.find(field.key) != nullptr;
    if (field.inUnion) {
      chosen = chosen || written;
      preset = preset || (field.writable && field.field.getProto().getDiscriminantValue() == 0);
      continue;
    }
    onlyUnion = false;
    if (!field.notes.required || written || !field.writable) continue;
    error(
        "missing-key", node.where, "the key " + quote(field.key) + " is missing " + section(path),
        "expected " + describeType(context.schema, field) +
            (field.notes.example ? ", for example `" + field.key + ": " + *field.notes.example + "`"
                                 : ""));
  }
  (void)target;
  if (view.hasUnion && onlyUnion && !chosen && !preset) {
    error("union-missing", node.where,
          "one of " + quoteAll(view.unionKeys()) + " must be chosen " + section(path));
  }
}

bool Reader::hasDefaultPaths(const StructView& view, int depth) const {
  if (depth > 6) return false;  // a type that contains itself
  return std::any_of(view.fields.begin(), view.fields.end(), [&](const FieldView& field) {
    if (field.inUnion) return false;
    if (field.type().isStruct())
      return hasDefaultPaths(context.schema.view(field.type().asStruct()), depth + 1);
    bool located = field.notes.path != config::PathBase::UNSPECIFIED || field.notes.storeUrl;
    return located && field.type().isText() && describeDefault(context.schema, field).has_value();
  });
}

// Paths that keep their default are made absolute like written ones.
void Reader::fillPaths(Struct target, const StructView& view, const Node* written,
                       const ConfigPath& path, int depth) {
  if (!hasDefaultPaths(view, depth)) return;
  for (const FieldView& field : view.fields) {
    if (field.inUnion || (written != nullptr && written->find(field.key) != nullptr)) continue;
    ConfigPath own = below(path, field.key);
    if (field.type().isStruct()) {
      const StructView& inner = context.schema.view(field.type().asStruct());
      if (!hasDefaultPaths(inner, depth + 1)) continue;
      bool group = field.field.getProto().isGroup();
      Struct child = group ? target.get(field.field).as<capnp::DynamicStruct>()
                           : target.init(field.field).as<capnp::DynamicStruct>();
      fillPaths(child, inner, nullptr, own, depth + 1);
    } else if (auto preset = describeDefault(context.schema, field);
               preset && field.type().isText()) {
      if (auto absolute = resolvePath(*preset, context.map.locate(path), field, own)) {
        target.set(field.field, capnp::Text::Reader(absolute->c_str()));
      }
    }
  }
}

}  // namespace maitred::host
