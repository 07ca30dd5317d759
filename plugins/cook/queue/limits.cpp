#include "limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace maitred::cook {
namespace {

// The backends take specs of up to 256 KiB.
constexpr std::size_t SPEC_BYTES_MOST = 200 * 1024;
constexpr std::size_t VARIABLES_MOST = 900;

std::string number(double value) {
  char buffer[64];
  std::string out(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  return out.find_first_of(".en") == std::string::npos ? out + ".0" : out;
}

std::size_t bytesOf(const Pairs& pairs) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : pairs) bytes += name.size() + value.size() + 40;
  return bytes;
}

bool lowerOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

bool validUser(std::string_view name) {
  if (name.size() < 2 || name.size() > 64) return false;
  if (name[0] < 'a' || name[0] > 'z' || !lowerOrDigit(name.back())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return lowerOrDigit(c) || c == '_' || c == '-'; });
}

bool validJobName(std::string_view name) {
  return name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
           return lowerOrDigit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
         });
}

std::optional<std::string> faultIn(const JobSpec& spec, const JobLimits& limits) {
  if (!validUser(spec.user.str())) {
    return "User '" + spec.user +
           "' cannot own jobs: a name has 2 to 64 of [a-z0-9_-], begins with a "
           "letter and ends with a letter or digit";
  }
  if (!validJobName(spec.name)) return "Job name must be at most 128 of [.a-zA-Z0-9_-]";
  if (spec.command.empty()) return "Job command must not be empty";
  if (!(std::isfinite(spec.cpus) && spec.cpus > 0)) return "cpus must be a number above 0";
  if (!(std::isfinite(spec.mem) && spec.mem > 0)) return "mem must be a number above 0";
  if (spec.cpus > limits.cpus) {
    return "Requested " + number(spec.cpus) + " cpus, but only allowed to use " +
           number(limits.cpus);
  }
  if (spec.mem > limits.memMib) {
    return "Requested " + number(spec.mem) + "mb memory, but only allowed to use " +
           number(limits.memMib);
  }
  if (spec.ports > limits.ports) {
    return "Requested " + std::to_string(spec.ports) + " ports, but only allowed to use " +
           std::to_string(limits.ports);
  }
  if (spec.maxRetries > limits.retries) {
    return "Requested " + std::to_string(spec.maxRetries) + " exceeds the maximum retry limit";
  }
  if (limits.commandBytes != 0 && spec.command.size() > limits.commandBytes) {
    return "Job command length of " + std::to_string(spec.command.size()) +
           " is greater than the maximum command length (" + std::to_string(limits.commandBytes) +
           ")";
  }
  for (const Uri& uri : spec.uris) {
    if (uri.executable && uri.extract) return "Uri cannot set executable and extract";
  }
  std::size_t bytes =
      spec.command.size() + bytesOf(spec.environment) + bytesOf(spec.labels) + spec.extra.size();
  for (const Uri& uri : spec.uris) bytes += uri.value.size() + 40;
  if (bytes > SPEC_BYTES_MOST) {
    return "Job has " + std::to_string(bytes) +
           " bytes of command, environment, labels and uris, but "
           "at most " +
           std::to_string(SPEC_BYTES_MOST) + " are possible: put large inputs into uris";
  }
  if (spec.environment.size() > VARIABLES_MOST || spec.labels.size() > VARIABLES_MOST) {
    return "Job may have at most " + std::to_string(VARIABLES_MOST) +
           " variables and as many labels";
  }
  auto nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  bool anyNul = nul(spec.command);
  for (const auto& [name, value] : spec.environment) {
    anyNul = anyNul || nul(name) || nul(value);
    if (name.empty() || name.find('=') != std::string::npos) {
      return "env has a name that is empty or contains '='";
    }
  }
  if (anyNul) return "Job command and env must not contain NUL characters";
  return std::nullopt;
}

}  // namespace maitred::cook
