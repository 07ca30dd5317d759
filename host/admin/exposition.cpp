#include "exposition.h"

#include "host/config/names.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <maitred/utf8.h>
#include <set>

namespace maitred::host {

namespace {

constexpr size_t maxInstanceBytes = 1 << 20;  // of one instance; see Plugin.metrics

bool startsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
bool isName(char c) {
  return startsName(c) || (c >= '0' && c <= '9');
}

// The name at the front of `rest`, removed from it; empty if there is none.
std::string_view takeName(std::string_view& rest) {
  if (rest.empty() || !startsName(rest.front())) return {};
  size_t end = std::find_if_not(rest.begin(), rest.end(), isName) - rest.begin();
  auto name = rest.substr(0, end);
  rest.remove_prefix(end);
  return name;
}

void skipBlanks(std::string_view& rest) {
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
}

std::string escaped(std::string_view value) {
  std::string result;
  for (char c : value) {
    if (c == '\\' || c == '"') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else {
      result += c;
    }
  }
  return result;
}

// A value between quotes, as it stands, removed from `rest`; empty if it is malformed.
std::string_view takeQuoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return {};
  size_t end = 1;
  for (; end < rest.size() && rest[end] != '"'; ++end) {
    if (rest[end] != '\\') continue;
    ++end;
    if (end == rest.size() || std::string_view("\\\"n").find(rest[end]) == std::string_view::npos)
      return {};
  }
  if (end >= rest.size()) return {};
  auto quoted = rest.substr(0, end + 1);
  rest.remove_prefix(end + 1);
  return quoted;
}

// The labels between braces, as they stand, with `instance` renamed. False if they are malformed,
// or if a name is there twice.
bool takeLabels(std::string_view& rest, std::string& labels) {
  rest.remove_prefix(1);  // '{'
  std::set<std::string_view> seen = {"instance"};
  while (true) {
    skipBlanks(rest);
    if (rest.starts_with('}')) {
      rest.remove_prefix(1);
      return true;
    }
    auto name = takeName(rest);
    if (name == "instance") name = "exported_instance";
    if (name.find(':') != std::string_view::npos || !seen.insert(name).second) return false;
    skipBlanks(rest);
    if (name.empty() || !rest.starts_with('=')) return false;
    rest.remove_prefix(1);
    skipBlanks(rest);
    auto value = takeQuoted(rest);
    if (value.empty()) return false;
    labels.append(",").append(name).append("=").append(value);
    skipBlanks(rest);
    if (rest.starts_with(',')) {
      rest.remove_prefix(1);
    } else if (!rest.starts_with('}')) {
      return false;
    }
  }
}

bool isNumber(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  if (text.ends_with(')')) return false;  // nan(…), which C knows and Prometheus does not
  double value;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::isnan(value)) return "NaN";
  char buffer[32];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end);
}

struct Sample {
  std::string_view name;
  std::string labels;
  std::string_view value;
};

// One line that breaks a rule of the format makes a scraper refuse all of them.
bool isPrintable(std::string_view line) {
  return invalidUtf8(line) == std::string_view::npos &&
         std::none_of(line.begin(), line.end(), [](unsigned char c) {
           return (c < 0x20 && c != '\t') || c == 0x7f;
         });
}

bool isType(std::string_view word) {
  static const std::set<std::string_view> words = {"counter", "gauge", "histogram", "summary",
                                                   "untyped"};
  return words.count(word) != 0;
}

bool parseSample(std::string_view line, Sample& sample) {
  sample.name = takeName(line);
  if (sample.name.empty()) return false;
  if (line.starts_with('{') && !takeLabels(line, sample.labels)) return false;
  skipBlanks(line);
  // A time stamp behind the value is left out: the host asks just now.
  sample.value = line.substr(0, line.find_first_of(" \t"));
  return isNumber(sample.value);
}

}  // namespace

void Exposition::add(const std::string& name, const char* type, const char* help,
                     const MetricLabels& labels, double value, const char* suffix) {
  auto& family = families[name];
  family.type = type;
  family.help = help;
  family.host = true;
  std::string sample = name + suffix;
  std::string inner;
  for (const auto& [key, text] : labels) {
    inner += (inner.empty() ? "" : ",") + key + "=\"" + escaped(text) + "\"";
  }
  if (!inner.empty()) sample += "{" + inner + "}";
  family.samples.push_back(sample + " " + number(value));
}

size_t Exposition::merge(const std::string& instance, std::string_view text) {
  size_t dropped = 0;
  if (text.size() > maxInstanceBytes) {
    ++dropped;
    text = text.substr(0, text.rfind('\n', maxInstanceBytes) + 1);
  }
  std::string current;  // the family that the last TYPE or HELP opened
  bool refused = false;
  auto open = [&](std::string_view name) -> Family& {
    current = name;
    auto& family = families[current];
    refused = family.host;
    return family;
  };
  while (!text.empty()) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!isPrintable(line)) {
      ++dropped;
      continue;
    }
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) {
      auto rest = line.substr(7);
      auto name = takeName(rest);
      skipBlanks(rest);
      if (name.empty() || (line[2] == 'T' && !isType(rest))) {
        ++dropped;
        continue;
      }
      auto& family = open(name);
      auto& field = line[2] == 'H' ? family.help : family.type;
      if (line[2] == 'T' && !field.empty() && field != rest) refused = true;
      if (!refused && field.empty()) field = rest;
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    Sample sample;
    if (!parseSample(line, sample)) {
      ++dropped;
      continue;
    }
    bool ofCurrent = !current.empty() && sample.name.starts_with(current) &&
                     (sample.name.size() == current.size() || sample.name[current.size()] == '_');
    if (!ofCurrent) open(sample.name);
    if (refused) {
      ++dropped;
      continue;
    }
    families[current].samples.push_back(std::string(sample.name) + "{instance=\"" +
                                        escaped(instance) + "\"" + sample.labels + "} " +
                                        std::string(sample.value));
  }
  return dropped;
}

std::string Exposition::text() const {
  std::string result;
  for (const auto& [name, family] : families) {
    if (family.samples.empty()) continue;
    if (!family.help.empty()) result += "# HELP " + name + " " + family.help + "\n";
    if (!family.type.empty()) result += "# TYPE " + name + " " + family.type + "\n";
    for (const auto& sample : family.samples) result += sample + "\n";
  }
  return result;
}

}  // namespace maitred::host
