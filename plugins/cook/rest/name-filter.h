#pragma once
// NameFilter: which names of jobs are meant, as users write it: * stands for anything. It costs at
// most the product of both lengths: whoever may list jobs must not be able to hold the queue.

#include <string>
#include <string_view>

namespace maitred::cook {

class NameFilter {
 public:
  static constexpr std::size_t BYTES_MOST = 128;

  NameFilter() = default;  // every name
  // Only letters, digits and . - _ *; see isValid().
  explicit NameFilter(std::string_view text);
  static bool isValid(std::string_view text);

  // Whether the whole name is meant.
  bool matches(std::string_view name) const;

 private:
  std::string pattern = "*";
};

}  // namespace maitred::cook
