#include <maitred/http/json.h>
#include <maitred/http/request.h>

#include <kj/debug.h>
#include <nlohmann/json.hpp>

namespace maitred::http {

std::string_view Request::param(std::string_view name) const {
  for (auto& [key, value] : params) {
    if (key == name) return value;
  }
  KJ_FAIL_REQUIRE("the route has no such path parameter", std::string(name).c_str());
}

nlohmann::json Request::json() const { return parseJson(body, jsonDepth); }

}  // namespace maitred::http
