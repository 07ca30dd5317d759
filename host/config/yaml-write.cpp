#include "yaml-write.h"

#include "names.h"
#include "quantity.h"
#include "source-map.h"

#include <capnp/schema.capnp.h>
#include <kj/encoding.h>

#include <algorithm>
#include <cstdio>
#include <set>

namespace maitred::host {

namespace {

using Which = capnp::schema::Type::Which;
using Struct = capnp::DynamicStruct::Reader;
using List = capnp::DynamicList::Reader;
using Value = capnp::DynamicValue::Reader;

bool isPlain(std::string_view text) {
  static const std::set<std::string_view> words = {"~", "null", "Null", "NULL", "true", "false"};
  if (text.empty() || words.count(text) != 0) return false;
  auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-' || c == '+' || c == ':';
  };
  if (text[0] == '-' || text[0] == ':' || text.back() == ':') return false;
  return std::all_of(text.begin(), text.end(), safe);
}

class Writer {
 public:
  Writer(const PluginSchema& schema, const YamlStyle& style) : schema(schema), style(style) {}

  std::string members(Struct value, size_t indent, const std::string& leaveOut = "") const {
    std::string out;
    for (const FieldView& field : schema.view(value.getSchema()).fields) {
      if (field.key == leaveOut || !isShown(value, field)) continue;
      out += std::string(indent, ' ') + field.key + ":" +
             rest(field, field.type(), get(value, field), indent) + "\n";
    }
    return out;
  }

 private:
  static bool isActive(Struct value, const FieldView& field) {
    if (!field.inUnion) return true;
    KJ_IF_MAYBE (active, value.which()) return *active == field.field;
    return false;
  }

  // Not for the default of a pointer that the plugin's author got wrong: such a value is shown as
  // empty.
  static Value get(Struct value, const FieldView& field) { return value.get(field.field); }

  bool isShown(Struct value, const FieldView& field) const {
    if (!field.writable || !isActive(value, field)) return false;
    auto type = field.type();
    if (type.isAnyPointer() || type.isInterface()) return false;
    if (field.inUnion) return true;
    if (field.notes.deprecated && !value.has(field.field, capnp::HasMode::NON_DEFAULT))
      return false;
    bool preset = describeDefault(schema, field).has_value();
    if (type.isText()) return preset || value.get(field.field).as<capnp::Text>().size() > 0;
    if (type.isData()) return value.get(field.field).as<capnp::Data>().size() > 0;
    if (type.isList()) return value.get(field.field).as<capnp::DynamicList>().size() > 0;
    if (type.isEnum()) return !word(type, value.get(field.field)).empty();
    if (!type.isStruct()) return true;
    bool group = field.field.getProto().isGroup();
    if (!group && !value.has(field.field) && hasRequired(type.asStruct())) return false;
    return !isEmptySection(value, field);
  }

  bool hasRequired(capnp::StructSchema type) const {
    const StructView& view = schema.view(type);
    return std::any_of(view.fields.begin(), view.fields.end(),
                       [](const FieldView& f) { return f.notes.required; });
  }

  bool isEmptySection(Struct value, const FieldView& field) const {
    auto inner = value.get(field.field).as<capnp::DynamicStruct>();
    if (!bareWord(inner).empty()) return false;
    if (depth > 32) return true;  // a type that contains itself
    ++depth;
    bool empty = members(inner, 0).empty();
    --depth;
    return empty;
  }

  // The name of the chosen member, where that is all there is to say.
  std::string bareWord(Struct value) const {
    const StructView& view = schema.view(value.getSchema());
    for (const FieldView& field : view.fields) {
      if (!field.inUnion) return "";
    }
    for (const FieldView& field : view.fields) {
      if (isActive(value, field) && field.writable && field.type().isVoid()) return field.key;
    }
    return "";
  }

  std::string word(capnp::Type type, const Value& value) const {
    uint16_t raw = value.as<capnp::DynamicEnum>().getRaw();
    for (const EnumValue& known : schema.values(type.asEnum())) {
      if (known.value == raw) return known.key;
    }
    return "";
  }

  // What follows the colon: a scalar, or lines that are indented further.
  std::string rest(const FieldView& field, capnp::Type type, const Value& value,
                   size_t indent) const {
    if (type.isStruct()) {
      auto inner = value.as<capnp::DynamicStruct>();
      if (std::string bare = bareWord(inner); !bare.empty()) return " " + bare;
      std::string lines = members(inner, indent + 2);
      return lines.empty() ? " {}" : "\n" + chomp(lines);
    }
    if (type.isList()) return list(field, type.asList(), value.as<capnp::DynamicList>(), indent);
    std::string text = scalar(field, type, value);
    return text.empty() ? "" : " " + text;
  }

  static std::string chomp(std::string lines) {
    if (!lines.empty() && lines.back() == '\n') lines.pop_back();
    return lines;
  }

  std::string list(const FieldView& field, capnp::ListSchema type, List items,
                   size_t indent) const {
    auto element = type.getElementType();
    if (items.size() == 0) return " []";
    if (element.isStruct() && field.notes.mapKey && keysDiffer(field, element.asStruct(), items)) {
      return mapping(field, element.asStruct(), items, indent);
    }
    std::string out;
    for (auto item : items) {
      out += "\n" + std::string(indent + 2, ' ') + "-";
      if (element.isStruct() && bareWord(item.as<capnp::DynamicStruct>()).empty()) {
        std::string lines = members(item.as<capnp::DynamicStruct>(), indent + 4);
        out += lines.empty() ? " {}" : " " + chomp(lines).substr(indent + 4);
      } else {
        out += rest(field, element, item, indent + 2);
      }
    }
    return out;
  }

  std::string keyOf(const FieldView& field, const StructView& view, Struct item) const {
    const FieldView* key = view.findField(*field.notes.mapKey);
    return key != nullptr && key->type().isText() ? item.get(key->field).as<capnp::Text>().cStr()
                                                  : "";
  }

  bool keysDiffer(const FieldView& field, capnp::StructSchema type, List items) const {
    std::set<std::string> keys;
    for (auto item : items) {
      std::string key = keyOf(field, schema.view(type), item.as<capnp::DynamicStruct>());
      if (key.empty() || !keys.insert(key).second) return false;
    }
    return true;
  }

  std::string mapping(const FieldView& field, capnp::StructSchema type, List items,
                      size_t indent) const {
    const StructView& view = schema.view(type);
    const FieldView* key = view.findField(*field.notes.mapKey);
    std::string out;
    for (auto entry : items) {
      auto item = entry.as<capnp::DynamicStruct>();
      std::string lines = members(item, indent + 4, key->key);
      out += "\n" + std::string(indent + 2, ' ') + yamlKey(keyOf(field, view, item)) + ":";
      out += lines.empty() ? " {}" : "\n" + chomp(lines);
    }
    return out;
  }

  std::string scalar(const FieldView& field, capnp::Type type, const Value& value) const {
    if (field.notes.secret && style.maskSecrets && (type.isText() || type.isData()))
      return "\"***\"";
    auto unit = field.notes.unit;
    switch (type.which()) {
      case Which::VOID:
        return "";
      case Which::BOOL:
        return value.as<bool>() ? "true" : "false";
      case Which::TEXT:
        return yamlText(value.as<capnp::Text>().cStr());
      case Which::DATA:
        return yamlText(kj::encodeBase64(value.as<capnp::Data>(), false).cStr());
      case Which::ENUM:
        return word(type, value);
      case Which::FLOAT32:
        return formatReal(value.as<float>());
      case Which::FLOAT64:
        return formatReal(value.as<double>());
      case Which::UINT8:
      case Which::UINT16:
      case Which::UINT32:
      case Which::UINT64:
        return formatQuantity(value.as<uint64_t>(), unit);
      default:
        return formatQuantity(value.as<int64_t>(), unit);
    }
  }

  const PluginSchema& schema;
  const YamlStyle& style;
  mutable int depth = 0;
};

void flattenLines(const std::string& yaml, std::map<std::string, std::string>& out) {
  // The writer's own form: two spaces a level, "key: value" or "- value" on each line.
  std::vector<std::string> stack;
  std::map<std::string, size_t> counters;
  for (size_t start = 0; start < yaml.size();) {
    size_t end = std::min(yaml.find('\n', start), yaml.size());
    std::string line = yaml.substr(start, end - start);
    start = end + 1;
    size_t indent = line.find_first_not_of(' ');
    stack.resize(std::min(stack.size(), indent / 2));
    std::string text = line.substr(indent);
    while (text == "-" || text.starts_with("- ")) {
      std::string parent = joinPath(stack);
      stack.push_back(std::to_string(counters[parent]++));
      text = text.size() > 2 ? text.substr(2) : "";
    }
    size_t colon = text.find(text.starts_with('"') ? "\":" : ":");
    if (colon != std::string::npos && text[colon] == '"') ++colon;
    bool isKey = colon != std::string::npos && colon < text.size() &&
                 (colon + 1 == text.size() || text[colon + 1] == ' ');
    if (isKey) {
      stack.push_back(text.substr(0, colon));
      text = colon + 1 < text.size() ? text.substr(colon + 2) : "";
    }
    if (!text.empty() || isKey) out[joinPath(stack)] = text;
  }
}

}  // namespace

std::string yamlText(std::string_view text) {
  std::string escaped = text.starts_with("file:") ? "${}" : "";
  for (char c : text) {
    escaped += c;
    if (c == '$') escaped += '$';
  }
  return yamlKey(escaped);
}

std::string yamlKey(std::string_view text) {
  if (isPlain(text)) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string yamlMembers(const PluginSchema& schema, capnp::DynamicStruct::Reader value,
                        size_t indent, const YamlStyle& style) {
  return Writer(schema, style).members(value, indent);
}

std::map<std::string, std::string> flatten(const PluginSchema& schema,
                                           capnp::DynamicStruct::Reader value) {
  std::map<std::string, std::string> result;
  flattenLines(yamlMembers(schema, value, 0, {false}), result);
  return result;
}

}  // namespace maitred::host
