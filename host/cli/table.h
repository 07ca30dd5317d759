#pragma once
// Plain tables and readable quantities for terminals. Pure.

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace maitred::host::cli {

class Table {
 public:
  // A header that starts with '>' belongs to a column of numbers, set to the right.
  explicit Table(std::vector<std::string> headers);
  void row(std::vector<std::string> cells);
  void write(std::ostream& out) const;

 private:
  std::vector<bool> right;
  std::vector<std::vector<std::string>> rows;
};

// "850us", "1.2ms", "3.4s"
std::string shortTime(uint64_t microseconds);
// "42s", "3m 12s", "5h 10m", "12d 4h"
std::string age(int64_t seconds);
// "512B", "12MiB", "1.4GiB"
std::string byteSize(uint64_t bytes);
// "2026-11-22 19:36:38" in local time; "-" for 0.
std::string wallTime(int64_t unixNs);

}  // namespace maitred::host::cli
