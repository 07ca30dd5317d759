// `maitred policy new KIND`: a commented first policy, made from the kind's types.

#include "tool-template.h"

#include <string>

namespace maitred::lua {

namespace {

void comment(std::string& out, const std::string& indent, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    out += indent + "-- " + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
}

// The result that the function starts with, written so that it can be seen what belongs there.
std::string firstResult(const Member& function) {
  const auto& results = function.type->results;
  if (results.empty()) return "nil";
  Member result = results[0];
  if (!result.example && result.type->is == Type::Is::number) return "0";
  return allTypes().sample(result).literal();
}

void addFunction(std::string& out, const Member& function) {
  comment(out, "  ", function.doc);
  std::string parameters;
  for (const auto& parameter : function.type->parameters) {
    parameters += (parameters.empty() ? "" : ", ") + parameter.name;
    comment(out, "  ",
            "  " + parameter.name + ": " + parameter.type->text() +
                (parameter.doc.empty() ? "" : ", ") + parameter.doc);
  }
  for (const auto& result : function.type->results) {
    comment(out, "  ",
            "Returns " + result.type->text() + (result.doc.empty() ? "" : ": ") + result.doc);
  }
  out += "  " + function.name + " = function(" + parameters + ")\n    return " +
         firstResult(function) + "\n  end,\n";
}

}  // namespace

std::string policyTemplate(const Kind& kind) {
  std::string out;
  comment(out, "", kind.doc);
  comment(out, "", "Check it with: maitred policy check FILE");
  out += "\nreturn {\n  kind = \"" + kind.name + "\",\n  version = 1,\n  name = \"my-" + kind.name +
         "\",\n";
  for (const auto& function : kind.functions) {
    out += "\n";
    addFunction(out, function);
  }
  return out + "}\n";
}

}  // namespace maitred::lua
