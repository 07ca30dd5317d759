#pragma once
// How amounts of resources are shown in tables.

#include <nlohmann/json.hpp>

#include <string>

namespace maitred::cook::cli {

// The amount under that key as text; "no limit" for what the queue gives out as unlimited, "-" if
// there is none.
std::string limitText(const nlohmann::json& amounts, const char* key);
// "cpus" -> "CPUS", "mem" -> "MEM MiB".
std::string headerOf(const std::string& key);

}  // namespace maitred::cook::cli
