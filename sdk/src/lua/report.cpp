#include <maitred/lua/report.h>

namespace maitred::lua {

const char* causeName(Cause cause) {
  static constexpr const char* names[causeCount] = {
      "none", "source", "syntax", "contract", "error", "instructions", "memory", "time", "result"};
  return names[static_cast<int>(cause)];
}

std::string Report::text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  out += ": " + message;
  auto add = [&](const char* label, const std::string& value) {
    if (!value.empty()) out += std::string("\n  ") + label + value;
  };
  add("", hint);
  add("inputs: ", inputs);
  std::string indented;
  for (char c : traceback) {
    indented += c;
    if (c == '\n') indented += "  ";
  }
  add("", indented);
  add("repeat with: ", repeat);
  if (!decidedInstead.empty()) add("", decidedInstead + " decided instead");
  if (!version.empty()) add("failing version: ", version);
  if (repeated > 0) add("", "failed here " + std::to_string(repeated) + " times before");
  return out;
}

}  // namespace maitred::lua
