#include "table.h"

#include "host/config/names.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <ostream>

namespace maitred::host::cli {

Table::Table(std::vector<std::string> headers) {
  for (auto& header : headers) {
    right.push_back(header.starts_with('>'));
    if (right.back()) header.erase(0, 1);
  }
  rows.push_back(std::move(headers));
}

void Table::row(std::vector<std::string> cells) {
  cells.resize(right.size());
  for (auto& cell : cells) {
    if (cell.empty()) cell = "-";
  }
  rows.push_back(std::move(cells));
}

void Table::write(std::ostream& out) const {
  std::vector<size_t> widths(right.size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], countCharacters(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string pad(widths[i] - countCharacters(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right[i] ? pad + row[i] : row[i] + pad);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  }
}

namespace {

std::string rounded(double value, const char* unit) {
  char text[48];
  snprintf(text, sizeof text, value < 10 ? "%.1f%s" : "%.0f%s", value, unit);
  return text;
}

}  // namespace

std::string shortTime(uint64_t microseconds) {
  if (microseconds < 1000) return std::to_string(microseconds) + "us";
  if (microseconds < 1000000) return rounded(static_cast<double>(microseconds) / 1e3, "ms");
  return rounded(static_cast<double>(microseconds) / 1e6, "s");
}

std::string age(int64_t seconds) {
  seconds = std::max<int64_t>(seconds, 0);
  auto two = [](int64_t first, const char* a, int64_t second, const char* b) {
    return std::to_string(first) + a + " " + std::to_string(second) + b;
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return two(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return two(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return two(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::string byteSize(uint64_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? std::to_string(bytes) + "B" : rounded(value, units[unit]);
}

std::string wallTime(int64_t unixNs) {
  if (unixNs == 0) return "-";
  auto seconds = static_cast<time_t>(unixNs / 1000000000);
  tm parts{};
  localtime_r(&seconds, &parts);
  char text[40];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

}  // namespace maitred::host::cli
