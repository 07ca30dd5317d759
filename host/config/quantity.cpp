#include "quantity.h"

#include <charconv>
#include <cmath>
#include <span>
#include <string_view>

namespace maitred::host {

namespace {

using Wide = __int128;
constexpr Wide widest = static_cast<Wide>(1) << 120;

struct Suffix {
  const char* name;
  int64_t factor;  // in bytes or nanoseconds
};
constexpr Suffix sizes[] = {{"B", 1},
                            {"kB", 1000},
                            {"MB", 1000'000},
                            {"GB", 1000'000'000},
                            {"TB", 1000'000'000'000},
                            {"KiB", 1ll << 10},
                            {"MiB", 1ll << 20},
                            {"GiB", 1ll << 30},
                            {"TiB", 1ll << 40}};
constexpr Suffix durations[] = {{"ns", 1},
                                {"us", 1000},
                                {"ms", 1000'000},
                                {"s", 1000'000'000},
                                {"min", 60'000'000'000},
                                {"h", 3'600'000'000'000},
                                {"d", 86'400'000'000'000}};

int64_t nanosecondsOf(Unit unit) {
  switch (unit) {
    case Unit::NANOSECONDS:
      return 1;
    case Unit::MICROSECONDS:
      return 1000;
    case Unit::MILLISECONDS:
      return 1000'000;
    case Unit::SECONDS:
      return 1000'000'000;
    default:
      return 0;
  }
}

std::span<const Suffix> suffixes(Unit unit) {
  if (unit == Unit::BYTES) return sizes;
  if (nanosecondsOf(unit) != 0) return durations;
  return {};
}

// stored = written * numerator / denominator
struct Scale {
  int64_t numerator = 1, denominator = 1;
};

// Empty if the unit has no such suffix.
std::optional<Scale> scaleOf(std::string_view suffix, Unit unit) {
  if (unit == Unit::CPU_MILLIS) {
    if (suffix.empty()) return Scale{1000, 1};
    if (suffix == "m") return Scale{1, 1};
    return std::nullopt;
  }
  if (suffix.empty()) return Scale{};
  for (const Suffix& known : suffixes(unit)) {
    if (suffix != known.name) continue;
    return unit == Unit::BYTES ? Scale{known.factor, 1} : Scale{known.factor, nanosecondsOf(unit)};
  }
  return std::nullopt;
}

struct Written {
  bool negative = false;
  std::string digits;  // without point
  int exponent = 0;    // of ten
  std::string suffix;
  std::string fault, hint;
};

bool digit(char c) {
  return c >= '0' && c <= '9';
}

Written split(const std::string& text) {
  Written w;
  size_t i = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) w.negative = text[i++] == '-';
  size_t start = i;
  while (i < text.size() && digit(text[i])) w.digits += text[i++];
  size_t whole = i - start;
  if (i + 1 < text.size() && text[i] == '.' && digit(text[i + 1])) {
    for (++i; i < text.size() && digit(text[i]); ++i, --w.exponent) w.digits += text[i];
  }
  if (w.digits.empty()) {
    w.fault = "is not a number";
    return w;
  }
  if (whole > 1 && text[start] == '0') {
    w.fault = "has a leading zero";
    w.hint = "YAML readers differ on whether that is octal; leave the zero out";
    return w;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    size_t at = i + 1;
    if (at < text.size() && text[at] == '+') ++at;
    int more = 0;
    auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), more);
    if (error == std::errc() && std::abs(more) < 10000) {
      w.exponent += more;
      i = static_cast<size_t>(end - text.data());
    }
  }
  while (i < text.size() && text[i] == ' ') ++i;
  w.suffix = text.substr(i);
  size_t first = w.digits.find_first_not_of('0');
  w.digits.erase(0, first == std::string::npos ? w.digits.size() - 1 : first);
  while (w.digits.size() > 1 && w.digits.back() == '0') {
    w.digits.pop_back();
    ++w.exponent;
  }
  return w;
}

void refuseSuffix(Written& w, Unit unit) {
  std::string known = suffixesOf(unit);
  if (known.empty()) {
    w.fault = "is not a number";
    return;
  }
  w.fault = "has the unknown unit \"" + w.suffix + "\"";
  w.hint = "units: " + known;
}

}  // namespace

WholeNumber parseWhole(const std::string& text, Unit unit) {
  if (unit == Unit::UNSPECIFIED && text.size() > 2 && text[0] == '0' &&
      (text[1] == 'x' || text[1] == 'X')) {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
    if (error == std::errc::result_out_of_range) return {0, "is far too large", ""};
    if (error != std::errc() || end != text.data() + text.size()) return {0, "is not a number", ""};
    return {static_cast<Wide>(value), "", ""};
  }
  Written w = split(text);
  auto scale = scaleOf(w.suffix, unit);
  if (w.fault.empty() && !scale) refuseSuffix(w, unit);
  if (!w.fault.empty()) return {0, w.fault, w.hint};
  if (w.digits == "0") return {0, "", ""};
  // Digits end in another than zero, so that a long fraction is never whole.
  if (w.digits.size() > 30 || w.exponent > 30) {
    return {0, w.exponent < 0 && w.digits.size() > 30 ? "has too many digits" : "is far too large",
            ""};
  }
  Wide value = 0;
  for (char c : w.digits) value = value * 10 + (c - '0');
  Wide denominator = scale->denominator;
  auto times = [&](Wide& product, Wide factor) {
    if (product > widest / factor) return false;
    product *= factor;
    return true;
  };
  if (!times(value, scale->numerator)) return {0, "is far too large", ""};
  for (int i = 0; i < w.exponent; ++i) {
    if (!times(value, 10)) return {0, "is far too large", ""};
  }
  for (int i = 0; i > w.exponent; --i) {
    if (!times(denominator, 10)) return {0, "is not a whole number", ""};
  }
  if (value % denominator != 0) {
    std::string of = unit == Unit::UNSPECIFIED ? "" : " of " + describeUnit(unit);
    size_t in = of.find(" in ");
    if (unit == Unit::CPU_MILLIS)
      of = " of thousandths of a cpu";
    else if (in != std::string::npos)
      of = " of " + of.substr(in + 4);
    return {0, "is not a whole number" + of, ""};
  }
  value /= denominator;
  return {w.negative ? -value : value, "", ""};
}

RealNumber parseReal(const std::string& text, Unit unit) {
  Written w = split(text);
  auto scale = scaleOf(w.suffix, unit);
  if (w.fault.empty() && !scale) refuseSuffix(w, unit);
  if (!w.fault.empty()) return {0, w.fault, w.hint};
  std::string plain = w.digits + "e" + std::to_string(w.exponent);
  double value = 0;
  auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  (void)end;
  value = value * static_cast<double>(scale->numerator) / static_cast<double>(scale->denominator);
  if (error != std::errc() || !std::isfinite(value)) {
    return {0, w.exponent < 0 ? "is too small to be told from 0" : "is far too large", ""};
  }
  return {w.negative ? -value : value, "", ""};
}

std::string formatQuantity(Wide value, Unit unit) {
  bool negative = value < 0;
  Wide rest = negative ? -value : value;
  std::string suffix, fraction;
  if (unit == Unit::CPU_MILLIS) {
    int64_t part = static_cast<int64_t>(rest % 1000);
    rest /= 1000;
    if (part != 0) {
      fraction = "." + std::to_string(1000 + part).substr(1);
      while (fraction.back() == '0') fraction.pop_back();
    }
  } else if (rest != 0) {
    int64_t own = std::max<int64_t>(nanosecondsOf(unit), 1);
    Wide largest = 0;
    for (const Suffix& known : suffixes(unit)) {
      Wide factor = known.factor / own;
      // Sizes: powers of two read better than powers of ten, except the bare byte.
      if (known.factor % own != 0 || factor < 1 || rest % factor != 0 || factor < largest) continue;
      if (unit == Unit::BYTES && factor != 1 && factor % 1024 != 0) continue;
      largest = factor;
      suffix = known.name;
    }
    if (largest > 0) rest /= largest;
  }
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  return (negative ? "-" : "") + digits + fraction + suffix;
}

std::string formatReal(double value) {
  char text[64];
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  (void)error;
  return std::string(text, end);
}

std::string describeUnit(Unit unit) {
  switch (unit) {
    case Unit::BYTES:
      return "size in bytes";
    case Unit::NANOSECONDS:
      return "duration in nanoseconds";
    case Unit::MICROSECONDS:
      return "duration in microseconds";
    case Unit::MILLISECONDS:
      return "duration in milliseconds";
    case Unit::SECONDS:
      return "duration in seconds";
    case Unit::CPU_MILLIS:
      return "cpus";
    default:
      return "integer";
  }
}

std::string suffixesOf(Unit unit) {
  if (unit == Unit::CPU_MILLIS) return "m (thousandths), none (cpus)";
  std::string list;
  for (const Suffix& known : suffixes(unit)) {
    if (!list.empty()) list += ", ";
    list += known.name;
  }
  return list;
}

}  // namespace maitred::host
