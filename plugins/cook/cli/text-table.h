#pragma once
// Columns of text for a terminal, and the texts of times and sizes in them.

#include <cstdint>
#include <string>
#include <vector>

namespace maitred::cook::cli {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) { rows.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }
  // Columns are as wide as their widest cell. Cells that are numbers stand to the right.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows;
};

std::string durationText(double seconds);  // "0.4 s", "12 s", "3 min 05 s", "2 h 10 min"
std::string timeText(int64_t unixMs);      // local time, "2026-11-22 19:12:05"; "-" for 0
std::string numberText(double value);      // without trailing zeros

}  // namespace maitred::cook::cli
