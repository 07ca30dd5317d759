#pragma once
// Small readers of what clients send, which collect faults in the form that Cook's clients know:
// {"errors": {"jobs": [null, {"priority": "(not (between-0-and-16000000 -1))"}]}}.

#include <core/uuid.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace maitred::cook {

// A violation of the schema; what() is the JSON text of the whole body.
class SchemaError : public std::exception {
 public:
  explicit SchemaError(const nlohmann::json& errors)
      : body(nlohmann::json{{"errors", errors}}.dump(-1, ' ', false,
                                                     nlohmann::json::error_handler_t::replace)) {}
  const char* what() const noexcept override { return body.c_str(); }

 private:
  std::string body;
};

// A request that is well-formed but refused, with its status.
class Refused : public std::exception {
 public:
  Refused(unsigned status, std::string text) : status(status), text(std::move(text)) {}
  const char* what() const noexcept override { return text.c_str(); }
  unsigned status;

 private:
  std::string text;
};

// Reads the members of one JSON object; each known key is asked for once, what was not asked for is
// an error.
class Fields {
 public:
  // `kebab`: top-level keys may be spelled with underscores as well.
  Fields(const nlohmann::json& object, bool kebab);

  bool has(const char* key) const { return find(key) != nullptr; }
  // Null when absent or JSON null.
  const nlohmann::json* take(const char* key);

  std::string text(const char* key, bool required, std::string otherwise = "");
  double positive(const char* key);  // required, > 0
  std::int64_t integer(const char* key, std::int64_t least, std::int64_t otherwise, bool required,
                       const char* predicate);
  bool boolean(const char* key, bool otherwise);
  std::vector<std::pair<std::string, std::string>> pairs(const char* key);

  void fault(const char* key, std::string text) { errors[key] = std::move(text); }
  // The errors of an object under that key.
  void nest(const char* key, nlohmann::json its) { errors[key] = std::move(its); }
  // "(not (predicate value))"
  void violates(const char* key, const char* predicate, const nlohmann::json& value);
  // Adds the keys that nobody asked for. The errors so far; null if there are none.
  nlohmann::json finish();

 private:
  nlohmann::json errors = nlohmann::json::object();
  std::vector<std::pair<std::string, const nlohmann::json*>> members;
  std::vector<bool> taken;

  const nlohmann::json* find(const char* key) const;
};

// Throws SchemaError for a parameter or key that must be there.
[[noreturn]] void missing(const char* key);

// Throws Refused for what is none.
Uuid uuidOf(std::string_view text);

// ISO-8601 (date, or date and time with Z or an offset) or milliseconds since the epoch.
std::optional<std::int64_t> readTime(std::string_view text);

}  // namespace maitred::cook
