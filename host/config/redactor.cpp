#include "redactor.h"

#include "yaml-write.h"

#include <nlohmann/json.hpp>

#include <kj/encoding.h>

#include <sstream>

namespace maitred::host {

namespace {

constexpr size_t shortestLine = 12;  // a part of a secret that is worth hiding by itself

std::string unquoted(std::string text) {
  if (text.size() < 2 || text.front() != '"') return text;
  return text.substr(1, text.size() - 2);
}

std::string asJson(const std::string& text) {
  using Json = nlohmann::json;
  return unquoted(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

// A path tells where something lies, and is in nearly every line.
bool isPath(const std::string& text) {
  return text.starts_with('/') && text.find_first_of(" \n") == std::string::npos;
}

std::string without(const std::string& form, std::string text) {
  size_t at = text.find(form);
  if (at == std::string::npos) return text;
  std::string out;
  size_t done = 0;
  for (; at != std::string::npos; at = text.find(form, done)) {
    out.append(text, done, at - done).append("***");
    done = at + form.size();
  }
  return out.append(text, done);
}

}  // namespace

void Redactor::addForms(const std::string& text) {
  if (text.size() < shortest) return;
  auto bytes = kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size());
  forms.insert({text, asJson(text), unquoted(yamlText(text)), unquoted(yamlKey(text)),
                kj::encodeUriComponent(bytes).cStr()});
}

void Redactor::add(const LoadedConfig& config) {
  for (const auto& [text, secret] : config.confidential) {
    if (!secret && isPath(text)) continue;
    addForms(text);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.size() >= shortestLine) addForms(line);
    }
  }
}

std::string Redactor::operator()(std::string_view text) const {
  std::string out(text);
  for (const auto& form : forms) out = without(form, std::move(out));
  return out;
}

}  // namespace maitred::host
