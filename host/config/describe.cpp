// Types, ranges and defaults of keys in words; see schema-view.h.

#include "names.h"
#include "quantity.h"
#include "schema-view.h"

#include <capnp/schema.capnp.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace maitred::host {

namespace {

using Which = capnp::schema::Type::Which;

std::string join(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : ", ") + word;
  return result;
}

std::string pathWords(const Annotations& notes) {
  if (notes.secretPath) return "path of a secret";
  switch (notes.path) {
    case config::PathBase::CONFIG:
      return "path";
    case config::PathBase::STATE:
      return "path in the state folder";
    case config::PathBase::POLICY:
      return "policy";
    default:
      return notes.storeUrl ? "store URL" : notes.secret ? "secret text" : "text";
  }
}

std::string typeWords(const PluginSchema& schema, const FieldView& field, capnp::Type type) {
  switch (type.which()) {
    case Which::VOID:
      return "nothing";
    case Which::BOOL:
      return "true or false";
    case Which::FLOAT32:
    case Which::FLOAT64:
      return field.notes.unit == config::Unit::UNSPECIFIED ? "number"
                                                           : describeUnit(field.notes.unit);
    case Which::TEXT:
      return pathWords(field.notes);
    case Which::DATA:
      return field.notes.secret ? "secret in base64" : "base64";
    case Which::LIST: {
      auto element = type.asList().getElementType();
      if (field.notes.mapKey && element.isStruct()) return "mapping";
      return "list of " + (element.isStruct() ? "sections" : typeWords(schema, field, element));
    }
    case Which::ENUM: {
      std::vector<std::string> names;
      for (const EnumValue& value : schema.values(type.asEnum())) names.push_back(value.key);
      return "one of " + join(names);
    }
    case Which::STRUCT: {
      const StructView& view = schema.view(type.asStruct());
      return view.hasUnion ? "choice of " + join(view.unionKeys()) : "section";
    }
    case Which::ANY_POINTER:
      return "section of the plugin's own";
    case Which::INTERFACE:
      return "capability";
    default:
      return describeUnit(field.notes.unit);
  }
}

std::string bound(double value, const FieldView& field) {
  capnp::Type type = field.type();
  if (type.isFloat32() || type.isFloat64() || std::abs(value) > 1e30) return formatReal(value);
  return formatQuantity(static_cast<__int128>(value), field.notes.unit);
}

template <typename T>
Bounds boundsOfType() {
  return {static_cast<__int128>(std::numeric_limits<T>::min()),
          static_cast<__int128>(std::numeric_limits<T>::max())};
}

std::optional<Bounds> boundsOfType(capnp::Type type) {
  switch (type.which()) {
    case Which::INT8:
      return boundsOfType<int8_t>();
    case Which::INT16:
      return boundsOfType<int16_t>();
    case Which::INT32:
      return boundsOfType<int32_t>();
    case Which::INT64:
      return boundsOfType<int64_t>();
    case Which::UINT8:
      return boundsOfType<uint8_t>();
    case Which::UINT16:
      return boundsOfType<uint16_t>();
    case Which::UINT32:
      return boundsOfType<uint32_t>();
    case Which::UINT64:
      return boundsOfType<uint64_t>();
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string describeType(const PluginSchema& schema, const FieldView& field) {
  return typeWords(schema, field, field.type());
}

std::string describeRange(const FieldView& field) {
  auto min = field.notes.min, max = field.notes.max;
  // What the type cannot hold is outside as well: with an upper end only, unsigned numbers start at
  // 0.
  if (!min && max) {
    if (auto type = boundsOfType(field.type()); type && type->min == 0) min = 0;
  }
  if (min && max) return bound(*min, field) + ".." + bound(*max, field);
  if (min) return "at least " + bound(*min, field);
  if (max) return "at most " + bound(*max, field);
  return "";
}

std::optional<std::string> describeDefault(const PluginSchema& schema, const FieldView& field) {
  auto proto = field.field.getProto();
  if (!proto.isSlot() || field.notes.required || field.notes.secret) return std::nullopt;
  auto value = proto.getSlot().getDefaultValue();
  auto number = [&](__int128 n) { return formatQuantity(n, field.notes.unit); };
  switch (value.which()) {
    case capnp::schema::Value::BOOL:
      return value.getBool() ? "true" : "false";
    case capnp::schema::Value::INT8:
      return number(value.getInt8());
    case capnp::schema::Value::INT16:
      return number(value.getInt16());
    case capnp::schema::Value::INT32:
      return number(value.getInt32());
    case capnp::schema::Value::INT64:
      return number(value.getInt64());
    case capnp::schema::Value::UINT8:
      return number(value.getUint8());
    case capnp::schema::Value::UINT16:
      return number(value.getUint16());
    case capnp::schema::Value::UINT32:
      return number(value.getUint32());
    case capnp::schema::Value::UINT64:
      return number(value.getUint64());
    case capnp::schema::Value::FLOAT32:
      return formatReal(value.getFloat32());
    case capnp::schema::Value::FLOAT64:
      return formatReal(value.getFloat64());
    case capnp::schema::Value::TEXT:
      return value.getText().size() == 0 ? std::nullopt
                                         : std::make_optional<std::string>(value.getText().cStr());
    case capnp::schema::Value::ENUM:
      for (const EnumValue& known : schema.values(field.type().asEnum())) {
        if (known.value == value.getEnum()) return known.key;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string describeField(const PluginSchema& schema, const FieldView& field) {
  std::string words = describeType(schema, field);
  if (std::string range = describeRange(field); !range.empty()) words += ", " + range;
  if (field.notes.required) words += ", required";
  if (auto preset = describeDefault(schema, field)) words += ", default " + *preset;
  return words;
}

std::optional<Bounds> boundsOf(const FieldView& field) {
  capnp::Type type = field.type();
  while (type.isList()) type = type.asList().getElementType();
  auto bounds = boundsOfType(type);
  if (!bounds) return std::nullopt;
  constexpr double safe = 1e30;
  if (field.notes.min && std::abs(*field.notes.min) < safe) {
    bounds->min = std::max(bounds->min, static_cast<__int128>(std::ceil(*field.notes.min)));
  }
  if (field.notes.max && std::abs(*field.notes.max) < safe) {
    bounds->max = std::min(bounds->max, static_cast<__int128>(std::floor(*field.notes.max)));
  }
  return bounds;
}

}  // namespace maitred::host
