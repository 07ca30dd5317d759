#pragma once
// The description of the REST interface in the form of OpenAPI 3.0, for programs and people. A test
// compares it with the routes that there are.

#include <nlohmann/json.hpp>

#include <string>

namespace maitred::cook {

nlohmann::ordered_json openApi(const std::string& version);
// The same as a page to read.
std::string openApiPage(const std::string& version);

// The bodies that it refers to, by their names.
nlohmann::ordered_json openApiSchemas();

}  // namespace maitred::cook
