#include "growth.h"

namespace maitred::schemas {

namespace {

std::string nameIn(const std::string& value) {
  return value.substr(0, value.find_first_of(" :"));
}

std::string removed(const std::string& key, const std::string& value) {
  return key + " (" + value +
         ") is gone: put it back; what is not used any more stays, and its comment says so";
}

std::string changed(const std::string& key, const std::string& was, const std::string& is) {
  std::string text = key + " was `" + was + "` and is `" + is + "`: ";
  if (nameIn(was) != nameIn(is)) {
    return text +
           "a name is part of the promise (sources, YAML keys, REST); add a new member under the "
           "next free number, and keep the old one, marked $Config.deprecated in a config";
  }
  return text +
         "numbers, types, defaults and unions are what is stored and sent; take it back, and add a "
         "new member under the next free number";
}

}  // namespace

Comparison compare(const Promises& baseline, const Promises& today) {
  Comparison result;
  for (const auto& [key, value] : baseline) {
    auto now = today.find(key);
    if (now == today.end()) {
      result.broken.push_back(removed(key, value));
    } else if (now->second != value) {
      result.broken.push_back(changed(key, value, now->second));
    }
  }
  for (const auto& [key, value] : today) {
    if (baseline.count(key) == 0) result.grown.push_back(key + " = " + value);
  }
  return result;
}

}  // namespace maitred::schemas
