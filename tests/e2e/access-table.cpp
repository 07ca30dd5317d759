#include "access-table.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace maitred::e2e {

namespace {

std::vector<std::string> cellsOf(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream rest(line.substr(1));
  for (std::string cell; std::getline(rest, cell, '|');) {
    size_t begin = cell.find_first_not_of(' '), end = cell.find_last_not_of(' ');
    cells.push_back(begin == cell.npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return cells;
}

}  // namespace

std::vector<AccessRow> readAccessTable(const std::string& path) {
  std::vector<AccessRow> rows;
  std::ifstream file(path);
  std::string section;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) section = line.substr(3);
    if (!line.starts_with("| `")) continue;
    auto cells = cellsOf(line);
    if (cells.size() != 3 || cells[0].back() != '`') {
      throw std::runtime_error("a row of the access table without three columns: " + line);
    }
    rows.push_back({section, cells[0].substr(1, cells[0].size() - 2), cells[1]});
  }
  return rows;
}

}  // namespace maitred::e2e
