#include <maitred/lua/use.h>

#include <cstdio>

namespace maitred::lua {

namespace {

constexpr double worthTelling = 0.1;

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

std::string beside(const std::string& used, const std::string& limit, const char* unit,
                   double part) {
  std::string text = used + " of " + limit + " " + unit;
  if (part >= worthTelling) text += " (" + std::to_string(static_cast<int>(part * 100)) + " %)";
  return text;
}

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

std::string useOfCount(std::int64_t used, std::int64_t limit, const char* unit) {
  double part = static_cast<double>(used) / static_cast<double>(limit);
  return beside(grouped(used), grouped(limit), unit, part);
}

std::string CallUse::text() const {
  std::string text = useOfCount(instructions, instructionLimit, "instructions");
  double ms = milliseconds(cpu), limit = milliseconds(cpuLimit);
  char used[32], allowed[32];
  std::snprintf(used, sizeof used, ms < 1 ? "%.3f" : "%.1f", ms);
  std::snprintf(allowed, sizeof allowed, "%.0f", limit);
  if (limit > 0) text += ", " + beside(used, allowed, "ms", ms / limit);
  return text + ", " +
         useOfCount(static_cast<std::int64_t>(memory >> 10),
                    static_cast<std::int64_t>(memoryLimit >> 10), "KiB");
}

}  // namespace maitred::lua
