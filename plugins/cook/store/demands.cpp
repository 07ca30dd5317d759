#include "demands.h"

#include <nlohmann/json.hpp>

namespace maitred::cook {

Few<Demands> demandsOf(const std::string& extra) {
  if (extra.empty()) return {};
  auto fields = nlohmann::json::parse(extra);
  if (!fields.is_object()) return {};
  Demands found;
  auto expected = fields.find("expected_runtime");
  if (expected != fields.end() && expected->is_number_integer()) {
    found.expectedRuntimeMs = expected->get<std::int64_t>();
  }
  found.checkpoint = fields.contains("checkpoint");
  auto disk = fields.find("disk");
  if (disk != fields.end() && disk->is_object()) {
    auto request = disk->find("request");
    if (request != disk->end() && request->is_number()) found.diskMib = request->get<double>();
    auto type = disk->find("type");
    if (type != disk->end() && type->is_string()) found.diskType = type->get<std::string>();
  }
  if (found == Demands{}) return {};
  return Few<Demands>({std::move(found)});
}

}  // namespace maitred::cook
