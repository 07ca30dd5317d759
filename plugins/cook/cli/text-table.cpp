#include "text-table.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <ctime>

namespace maitred::cook::cli {
namespace {

bool isNumber(const std::string& cell) {
  return !cell.empty() && (std::isdigit(static_cast<unsigned char>(cell[0])) || cell == "-");
}

size_t widthOf(const std::string& cell) {  // characters, not bytes
  return std::count_if(cell.begin(), cell.end(),
                       [](unsigned char c) { return (c & 0xC0) != 0x80; });
}

}  // namespace

std::string TextTable::text() const {
  std::vector<size_t> widths(rows[0].size());
  std::vector<bool> right(rows[0].size(), rows.size() > 1);
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t c = 0; c < rows[r].size(); ++c) {
      widths[c] = std::max(widths[c], widthOf(rows[r][c]));
      if (r > 0 && !isNumber(rows[r][c])) right[c] = false;
    }
  }
  std::string out;
  for (auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      std::string gap(widths[c] - widthOf(row[c]), ' ');
      line += (c > 0 ? "  " : "") + (right[c] ? gap + row[c] : row[c] + gap);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string durationText(double seconds) {
  char buffer[48];
  if (seconds < 0) return "-";
  if (seconds < 10) {
    std::snprintf(buffer, sizeof(buffer), "%.1f s", seconds);
  } else if (seconds < 60) {
    std::snprintf(buffer, sizeof(buffer), "%.0f s", seconds);
  } else if (seconds < 3600) {
    int whole = static_cast<int>(seconds);
    std::snprintf(buffer, sizeof(buffer), "%d min %02d s", whole / 60, whole % 60);
  } else {
    auto minutes = static_cast<long long>(seconds / 60);
    std::snprintf(buffer, sizeof(buffer), "%lld h %02lld min", minutes / 60, minutes % 60);
  }
  return buffer;
}

std::string timeText(int64_t unixMs) {
  if (unixMs == 0) return "-";
  time_t seconds = unixMs / 1000;
  tm local;
  localtime_r(&seconds, &local);
  char buffer[32];
  std::strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S", &local);
  return buffer;
}

std::string numberText(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.6g", value);
  return buffer;
}

}  // namespace maitred::cook::cli
