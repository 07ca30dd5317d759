#pragma once
// Any Cap'n Proto struct as JSON for scripts: keys and enum values in snake_case, 64-bit integers
// as numbers.

#include <nlohmann/json.hpp>

#include <capnp/dynamic.h>

namespace maitred::host::cli {

nlohmann::ordered_json toJson(capnp::DynamicValue::Reader value);

}  // namespace maitred::host::cli
