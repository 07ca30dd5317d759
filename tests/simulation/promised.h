#pragma once
// Promised: the values that somebody has set, one after the other, of which the last one that was
// said to be kept holds, or a later one that may have become durable all the same.

#include <cstddef>
#include <vector>

namespace maitred::simulation {

template <typename Value>
class Promised {
 public:
  explicit Promised(Value first = {}) : values{std::move(first)} {}

  // Its number, for kept().
  std::size_t asked(Value value) {
    values.push_back(std::move(value));
    return values.size() - 1;
  }
  void kept(std::size_t number) { oldest = std::max(oldest, number); }
  // Whether any value that may hold now satisfies the test.
  template <typename Test>
  bool any(Test&& test) const {
    return std::any_of(values.begin() + static_cast<std::ptrdiff_t>(oldest), values.end(), test);
  }

 private:
  std::vector<Value> values;
  std::size_t oldest = 0;
};

}  // namespace maitred::simulation
