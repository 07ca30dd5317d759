// Values of every type but struct; see reader.h.

#include "names.h"
#include "quantity.h"
#include "reader.h"
#include "source-texts.h"

#include <capnp/schema.capnp.h>
#include <kj/encoding.h>

#include <algorithm>
#include <cmath>
#include <regex>

namespace maitred::host {

using yaml::Kind;
using yaml::Member;
using yaml::Node;
using Which = capnp::schema::Type::Which;

namespace {

constexpr size_t longestPattern =
    4096;  // of a text that is matched; the matcher's stack grows with it

// The key, or `element 2 of "matrix"`.
std::string nameOf(const ConfigPath& path) {
  const std::string& last = path.back();
  bool position = last.find_first_not_of("0123456789") == std::string::npos;
  if (path.size() == 1 || !position) return quote(last);
  return "element " + last + " of " + nameOf({path.begin(), path.end() - 1});
}

}  // namespace

void Reader::wrongType(const Node& node, const Slot& slot) {
  if (node.isNull()) {
    error("no-value", node.where, nameOf(slot.path) + " has no value",
          "expected " + describeField(context.schema, slot.field) +
              "; leave the key out for its default");
    return;
  }
  std::string article = slot.type.isList() ? "a list" : "a single value";
  error("wrong-type", node.where,
        nameOf(slot.path) + " takes " + article + ", found " + std::string(describe(node)),
        "expected " + describeField(context.schema, slot.field));
}

void Reader::readValue(const Node& node, const Slot& slot) {
  if (slot.field.notes.secret) maskAll(node);
  switch (slot.type.which()) {
    case Which::STRUCT:
      readStruct(node, slot.target.initStruct(), slot.path);
      break;
    case Which::LIST:
      readList(node, slot);
      break;
    case Which::ANY_POINTER:
      if (context.untyped) context.untyped(slot.path, node);
      break;
    case Which::VOID:
      if (node.isNull() || (node.isMapping() && node.members.empty())) {
        slot.target.set(capnp::VOID);
      } else {
        error("union-value", node.where, nameOf(slot.path) + " takes no value",
              "write the bare word");
      }
      break;
    default:
      readScalar(node, slot);
  }
}

void Reader::readList(const Node& node, const Slot& slot) {
  capnp::Type element = slot.type.asList().getElementType();
  if (node.isMapping() && slot.field.notes.mapKey && element.isStruct())
    return readMappedList(node, slot);
  if (slot.field.notes.nonEmpty && !node.isScalar() && node.items.empty() && !node.isMapping()) {
    error("empty", node.where, nameOf(slot.path) + " must not be empty",
          describeField(context.schema, slot.field));
  }
  if (node.isNull()) return;
  std::vector<const Node*> items;
  if (node.isScalar() && slot.field.notes.oneOrMany) {
    items.push_back(&node);
  } else if (node.isSequence()) {
    for (const Node& item : node.items) items.push_back(&item);
  } else {
    return wrongType(node, slot);
  }
  auto list = slot.target.initList(static_cast<uint>(items.size()));
  for (uint i = 0; i < items.size(); ++i) {
    ConfigPath path = slot.path;
    path.push_back(std::to_string(i));
    context.map.add(path, {}, items[i]->where);
    readValue(*items[i], {slot.field, element, {nullptr, {}, &list, i}, path});
  }
}

void Reader::readMappedList(const Node& node, const Slot& slot) {
  auto list = slot.target.initList(static_cast<uint>(node.members.size()));
  const StructView& view = context.schema.view(slot.type.asList().getElementType().asStruct());
  const FieldView* keyField = view.findField(*slot.field.notes.mapKey);
  const FieldView* valueField = mapValueField(slot.field, view);
  if (keyField == nullptr) return;
  for (uint i = 0; i < node.members.size(); ++i) {
    const Member& member = node.members[i];
    ConfigPath path = slot.path;
    path.push_back(member.key);
    auto first = std::find_if(node.members.begin(), node.members.begin() + i,
                              [&](const Member& m) { return m.key == member.key; });
    if (first != node.members.begin() + i) {
      context.diagnostics.add(
          {Severity::error,
           "duplicate-key",
           member.where,
           "the key " + quote(member.key) + " is written twice in " + nameOf(slot.path),
           "keep one of them",
           {{first->where, "the first one"}}});
      continue;
    }
    ConfigPath alias = slot.path;
    alias.push_back(std::to_string(i));
    context.map.add(path, member.where, member.value.where);
    context.map.alias(alias, path);
    auto element = list[i].as<capnp::DynamicStruct>();
    Node key{
        Kind::scalar, member.where, member.where.line, member.where.column + 1, member.key, {}, {}};
    readScalar(key, {*keyField, keyField->type(), {&element, keyField->field, nullptr, 0}, path});
    if (member.value.isMapping() || valueField == nullptr ||
        (member.value.isNull() && !valueField->notes.required)) {
      if (member.value.isMapping() || member.value.isNull()) {
        readMembers(member.value, element, view, path, keyField);
      } else {
        error("wrong-type", member.value.where,
              quote(member.key) + " takes a mapping, found " + std::string(describe(member.value)));
      }
    } else {
      // The short form stands for a mapping with this one key.
      Node wrapped{Kind::mapping, member.value.where, 0, 0, "", {}, {}};
      wrapped.members.push_back({valueField->key, member.value.where, member.value});
      readMembers(wrapped, element, view, path, keyField);
    }
  }
}

// Text of a scalar after substitution; null after a fault.
std::optional<std::string> Reader::textOf(const Node& node, const Slot& slot) {
  if (!node.isScalar()) {
    wrongType(node, slot);
    return std::nullopt;
  }
  const Annotations& notes = slot.field.notes;
  bool reference = node.text.starts_with("file:");
  if (notes.secret && node.where.line == 0 && !reference &&
      node.text.find("${") == std::string::npos) {
    error("secret-in-arguments", node.where,
          "a secret cannot be given on the command line, where others can see it",
          "give file:PATH or ${NAME}");
    return std::nullopt;
  }
  Substituted value =
      substituteVariables(reference ? node.text.substr(5) : node.text, context.environment);
  if (value.fault.empty() && reference && !notes.secretPath) {
    value = readReference(value.text, context.diagnostics.texts().folder(node.where.file));
  }
  if (!value.fault.empty()) {
    error(value.code.c_str(), node.where, value.fault, value.hint);
    return std::nullopt;
  }
  noteConfidential(value, slot);
  return std::move(value.text);
}

// Secrets, and texts from outside: whoever keeps them out of the file has a reason.
void Reader::noteConfidential(const Substituted& value, const Slot& slot) {
  bool text = slot.type.isText() || slot.type.isData();
  auto& known = context.confidential;
  if (slot.field.notes.secret) {
    known.push_back({value.text, true});
  } else if (text && !slot.field.notes.secretPath) {
    for (const auto& part : value.outside) known.push_back({part, false});
  }
}

// Secrets do not appear in messages.
std::string Reader::shown(const std::string& text, const FieldView& field) const {
  return field.notes.secret ? "the value" : quote(text);
}

void Reader::readScalar(const Node& node, const Slot& slot) {
  auto text = textOf(node, slot);
  if (!text) return;
  switch (slot.type.which()) {
    case Which::TEXT:
      setText(node, std::move(*text), slot);
      break;
    case Which::DATA:
      setData(node, *text, slot);
      break;
    case Which::ENUM:
      setEnum(node, *text, slot);
      break;
    case Which::FLOAT32:
    case Which::FLOAT64:
      setReal(node, *text, slot);
      break;
    case Which::BOOL:
      if (*text == "true" || *text == "false") {
        slot.target.set(*text == "true");
      } else {
        error("not-boolean", node.where, shown(*text, slot.field) + " is neither true nor false");
      }
      break;
    default:
      setWhole(node, *text, slot);
  }
}

void Reader::setWhole(const Node& node, const std::string& text, const Slot& slot) {
  WholeNumber number = parseWhole(text, slot.field.notes.unit);
  std::string about = describeField(context.schema, slot.field);
  if (!number.fault.empty()) {
    error("bad-number", node.where, shown(text, slot.field) + " " + number.fault,
          number.hint.empty() ? "expected " + about : number.hint);
    return;
  }
  auto bounds = boundsOf(slot.field);
  if (!bounds) return;
  if (number.value < bounds->min || number.value > bounds->max) {
    auto unit = slot.field.notes.unit;
    std::string range =
        formatQuantity(bounds->min, unit) + ".." + formatQuantity(bounds->max, unit);
    if (number.value < 0 && bounds->min == 0) range = "0 or more";
    error("out-of-range", node.where,
          nameOf(slot.path) + " must be " + range + ", found " + shown(text, slot.field), about);
    return;
  }
  if (number.value < 0) {
    slot.target.set(static_cast<int64_t>(number.value));
  } else {
    slot.target.set(static_cast<uint64_t>(number.value));
  }
}

void Reader::setReal(const Node& node, const std::string& text, const Slot& slot) {
  RealNumber number = parseReal(text, slot.field.notes.unit);
  std::string about = describeField(context.schema, slot.field);
  if (!number.fault.empty()) {
    error("bad-number", node.where, shown(text, slot.field) + " " + number.fault,
          number.hint.empty() ? "expected " + about : number.hint);
    return;
  }
  const Annotations& notes = slot.field.notes;
  bool tooWide = slot.type.isFloat32() && std::abs(number.value) > 3.4028234e38;
  if (tooWide || (notes.min && number.value < *notes.min) ||
      (notes.max && number.value > *notes.max)) {
    std::string range = describeRange(slot.field);
    error("out-of-range", node.where,
          nameOf(slot.path) + " must be " + (range.empty() ? "within -3.4e38..3.4e38" : range) +
              ", found " + shown(text, slot.field),
          about);
    return;
  }
  slot.target.set(number.value);
}

void Reader::setEnum(const Node& node, const std::string& text, const Slot& slot) {
  std::vector<std::string> names;
  for (const EnumValue& value : context.schema.values(slot.type.asEnum())) {
    if (value.key == text) {
      slot.target.set(capnp::DynamicEnum(slot.type.asEnum(), value.value));
      return;
    }
    names.push_back(value.key);
  }
  auto near = nearest(text, names);
  error("bad-choice", node.where,
        shown(text, slot.field) + " is not allowed for " + nameOf(slot.path),
        (near ? "did you mean " + quote(*near) + "? " : "") + "allowed: " + quoteAll(names));
}

void Reader::setData(const Node& node, const std::string& text, const Slot& slot) {
  auto bytes = kj::decodeBase64(kj::arrayPtr(text.data(), text.size()));
  if (bytes.hadErrors) {
    error("bad-base64", node.where, nameOf(slot.path) + " is not valid base64");
  } else if (bytes.size() == 0 && slot.field.notes.nonEmpty) {
    error("empty", node.where, nameOf(slot.path) + " must not be empty");
  } else {
    slot.target.set(capnp::Data::Reader(bytes.asPtr()));
  }
}

bool Reader::checkText(const Node& node, const std::string& text, const Slot& slot) {
  const Annotations& notes = slot.field.notes;
  if (text.empty() && notes.nonEmpty) {
    error("empty", node.where, nameOf(slot.path) + " must not be empty",
          describeField(context.schema, slot.field));
    return false;
  }
  if (!notes.pattern) return true;
  try {
    if (text.size() <= longestPattern && std::regex_match(text, std::regex(*notes.pattern)))
      return true;
    error("pattern", node.where,
          shown(text, slot.field) + " has not the form of " + nameOf(slot.path),
          "it must match " + *notes.pattern +
              (notes.example ? ", for example " + *notes.example : ""));
  } catch (const std::regex_error&) {
    error("bad-schema", node.where,
          "the plugin's own pattern for " + nameOf(slot.path) + " is faulty",
          "this is a fault of the plugin; report it to its vendor");
  }
  return false;
}

void Reader::setText(const Node& node, std::string text, const Slot& slot) {
  if (!checkText(node, text, slot)) return;
  auto resolved = resolvePath(text, node.where, slot.field, slot.path);
  if (!resolved) return;
  slot.target.set(capnp::Text::Reader(resolved->c_str(), resolved->size()));
}

}  // namespace maitred::host
