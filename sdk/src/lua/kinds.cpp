#include "kinds.h"

#include "nearest.h"

#include <maitred/lua/policy.h>

#include <algorithm>
#include <stdexcept>

namespace maitred::lua {

const Types& allTypes() {
  static const Types types = [] {
    Types result;
    for (const auto& file : embeddedTypes()) result.read(file.text, file.name);
    return result;
  }();
  return types;
}

const std::vector<Kind>& allKinds() {
  static const std::vector<Kind> kinds = [] {
    std::vector<Kind> result;
    for (const auto& [name, declared] : allTypes().all()) {
      Kind kind;
      kind.doc = declared.doc;
      kind.fields = allTypes().fields(declared);
      for (const auto& field : kind.fields) {
        if (field.name == "kind" && field.type->literal.string() != nullptr) {
          kind.name = *field.type->literal.string();
        }
        if (field.type->is == Type::Is::function) kind.functions.push_back(field);
      }
      if (!kind.name.empty()) result.push_back(std::move(kind));
    }
    std::sort(result.begin(), result.end(),
              [](const Kind& a, const Kind& b) { return a.name < b.name; });
    return result;
  }();
  return kinds;
}

const Kind* findKind(std::string_view name) {
  for (const auto& kind : allKinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::vector<std::string> kindNames() {
  std::vector<std::string> names;
  for (const auto& kind : allKinds()) names.push_back(kind.name);
  return names;
}

Function functionOf(std::string_view kindName, std::string_view name) {
  const Kind* kind = findKind(kindName);
  if (kind == nullptr) {
    throw std::invalid_argument("unknown kind of policy \"" + std::string(kindName) + "\"" +
                                didYouMean(kindName, kindNames()));
  }
  std::vector<std::string> known;
  for (std::size_t i = 0; i < kind->functions.size(); ++i) {
    if (kind->functions[i].name == name) return Function{static_cast<int>(i)};
    known.push_back(kind->functions[i].name);
  }
  throw std::invalid_argument("policies of kind \"" + kind->name + "\" have no function \"" +
                              std::string(name) + "\"" + didYouMean(name, known));
}

}  // namespace maitred::lua
