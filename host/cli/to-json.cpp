#include "to-json.h"

#include "host/config/names.h"

namespace maitred::host::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string keyOf(kj::StringPtr name) {
  return toKey({name.cStr(), name.size()});
}

Json structJson(capnp::DynamicStruct::Reader value) {
  Json json = Json::object();
  for (auto field : value.getSchema().getFields()) {
    // Of a union only the member that is set.
    if (field.getProto().getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT &&
        !value.has(field, capnp::HasMode::NON_NULL)) {
      continue;
    }
    json[keyOf(field.getProto().getName())] = toJson(value.get(field));
  }
  return json;
}

}  // namespace

Json toJson(capnp::DynamicValue::Reader value) {
  switch (value.getType()) {
    case capnp::DynamicValue::BOOL:
      return value.as<bool>();
    case capnp::DynamicValue::INT:
      return value.as<int64_t>();
    case capnp::DynamicValue::UINT:
      return value.as<uint64_t>();
    case capnp::DynamicValue::FLOAT:
      return value.as<double>();
    case capnp::DynamicValue::TEXT:
      return value.as<capnp::Text>().cStr();
    case capnp::DynamicValue::STRUCT:
      return structJson(value.as<capnp::DynamicStruct>());
    case capnp::DynamicValue::LIST: {
      Json json = Json::array();
      for (auto element : value.as<capnp::DynamicList>()) json.push_back(toJson(element));
      return json;
    }
    case capnp::DynamicValue::ENUM: {
      auto word = value.as<capnp::DynamicEnum>();
      KJ_IF_MAYBE (known, word.getEnumerant()) {
        return keyOf(known->getProto().getName());
      }
      return word.getRaw();
    }
    default:
      return nullptr;
  }
}

}  // namespace maitred::host::cli
