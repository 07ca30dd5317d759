#include "fields.h"

#include <cmath>
#include <ctime>
#include <charconv>

namespace maitred::cook {

using nlohmann::json;

namespace {

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= 100) return text;
  std::size_t end = 100;
  while ((text[end] & 0xc0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "…";
}

}  // namespace

Fields::Fields(const json& object, bool kebab) {
  for (auto it = object.begin(); it != object.end(); ++it) {
    std::string key = it.key();
    if (kebab) std::replace(key.begin(), key.end(), '_', '-');
    members.emplace_back(std::move(key), &it.value());
  }
  taken.resize(members.size());
}

const json* Fields::find(const char* key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return value;
  }
  return nullptr;
}

const json* Fields::take(const char* key) {
  const json* found = nullptr;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].first != key) continue;
    taken[i] = true;
    if (found != nullptr) fault(key, "given twice");  // once with a dash, once with an underscore
    found = members[i].second;
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

void Fields::violates(const char* key, const char* predicate, const json& value) {
  fault(key, std::string("(not (") + predicate + " " + shown(value) + "))");
}

std::string Fields::text(const char* key, bool required, std::string otherwise) {
  const json* value = take(key);
  if (value == nullptr) {
    if (required) fault(key, "missing-required-key");
    return otherwise;
  }
  if (!value->is_string()) {
    violates(key, "string?", *value);
    return otherwise;
  }
  return value->get<std::string>();
}

double Fields::positive(const char* key) {
  const json* value = take(key);
  if (value == nullptr) {
    fault(key, "missing-required-key");
    return 0;
  }
  if (!value->is_number() || !std::isfinite(value->get<double>()) || value->get<double>() <= 0) {
    violates(key, value->is_number() ? "pos?" : "number?", *value);
    return 0;
  }
  return value->get<double>();
}

std::int64_t Fields::integer(const char* key, std::int64_t least, std::int64_t otherwise,
                             bool required, const char* predicate) {
  const json* value = take(key);
  if (value == nullptr) {
    if (required) fault(key, "missing-required-key");
    return otherwise;
  }
  constexpr auto MOST = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  bool fits = value->is_number_integer() &&
              (!value->is_number_unsigned() || value->get<std::uint64_t>() <= MOST);
  if (fits && value->get<std::int64_t>() >= least) {
    return value->get<std::int64_t>();
  }
  // Clients in languages without integers write 3.0.
  double real = value->is_number_float() ? value->get<double>() : NAN;
  if (real >= double(least) && real <= 9e15 && real == std::floor(real)) {
    return static_cast<std::int64_t>(real);
  }
  violates(key, value->is_number() ? predicate : "integer?", *value);
  return otherwise;
}

bool Fields::boolean(const char* key, bool otherwise) {
  const json* value = take(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) {
    violates(key, "boolean?", *value);
    return otherwise;
  }
  return value->get<bool>();
}

std::vector<std::pair<std::string, std::string>> Fields::pairs(const char* key) {
  std::vector<std::pair<std::string, std::string>> found;
  const json* value = take(key);
  if (value == nullptr) return found;
  if (!value->is_object()) {
    violates(key, "map?", *value);
    return found;
  }
  for (auto it = value->begin(); it != value->end(); ++it) {
    if (!it.value().is_string() || it.key().empty()) {
      violates(key, "map-of-strings?", *value);
      break;
    }
    found.emplace_back(it.key(), it.value().get<std::string>());
  }
  return found;
}

json Fields::finish() {
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!taken[i]) errors[members[i].first] = "disallowed-key";
  }
  return errors.empty() ? json() : errors;
}

void missing(const char* key) {
  throw SchemaError(json{{key, "missing-required-key"}});
}

Uuid uuidOf(std::string_view text) {
  auto id = Uuid::parse(text);
  if (!id) throw Refused(400, "not a UUID: " + shown(std::string(text)));
  return *id;
}

std::optional<std::int64_t> readTime(std::string_view text) {
  std::int64_t number = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc() && end == text.data() + text.size()) return number;
  std::string copy(text);
  std::tm parts{};
  const char* rest = strptime(copy.c_str(), "%Y-%m-%d", &parts);
  if (rest == nullptr) return std::nullopt;
  double fraction = 0;
  if (*rest == 'T') {
    rest = strptime(rest, "T%H:%M", &parts);
    if (rest == nullptr) return std::nullopt;
    if (*rest == ':') {
      rest = strptime(rest, ":%S", &parts);
      if (rest == nullptr) return std::nullopt;
    }
    if (*rest == '.') {
      const char* digits = rest + 1;
      while (*++rest >= '0' && *rest <= '9') {
      }
      fraction =
          digits == rest ? 0 : std::strtod(("0." + std::string(digits, rest)).c_str(), nullptr);
    }
  }
  std::int64_t offset = 0;
  if (*rest == '+' || *rest == '-') {
    std::tm zone{};
    std::int64_t sign = *rest == '-' ? -1 : 1;
    rest = strptime(rest + 1, "%H:%M", &zone);
    if (rest == nullptr) return std::nullopt;
    offset = sign * (zone.tm_hour * 3600 + zone.tm_min * 60);
  } else if (*rest == 'Z') {
    ++rest;
  }
  if (*rest != '\0') return std::nullopt;
  return (timegm(&parts) - offset) * 1000 + std::llround(fraction * 1000);
}

}  // namespace maitred::cook
