#pragma once
// Lua's patterns, matched by steps that are counted: the same language as string.find's in the
// manual, §6.4.1. Knows nothing of Lua states, allocates nothing.

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace maitred::lua {

constexpr std::size_t maxPatternBytes = 256;
constexpr int maxCaptures = 32;

class Pattern {
 public:
  // Compiles. Returns null, or what is wrong with the pattern. `anchors`: a leading ^ binds to the
  // start.
  const char* compile(std::string_view text, bool anchors);

  bool anchored() const { return anchor; }
  int captures() const { return captureCount; }

 private:
  friend class Matcher;

  enum class Op : unsigned char {
    one,
    open,
    position,
    close,
    balance,
    frontier,
    again,
    atEnd,
    accept
  };
  enum class Repeat : unsigned char { once, optional, greedy, lazy };
  using Set = std::bitset<256>;
  struct Node {
    Op op;
    Repeat repeat;
    unsigned char a, b;  // balance: the two bytes; open, position, close, again: the capture
    Set set;             // one, frontier
  };

  const char* escape(std::string_view text, std::size_t& at);
  const char* single(std::string_view text, std::size_t& at);
  const char* set(std::string_view text, std::size_t& at, Set& result);
  static void classSet(unsigned char letter, Set& result);

  Node nodes[maxPatternBytes + 1];
  int count = 0;
  int captureCount = 0;
  bool open[maxCaptures];
  bool anchor = false;
};

class Matcher {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  Matcher(const Pattern& pattern, std::string_view subject) : pattern(pattern), subject(subject) {}

  // How many single comparisons are allowed from now on. Below zero a match has been given up.
  std::int64_t steps = 0;

  // The end of the match that starts exactly at `at`; none if there is none, or steps are used up.
  std::size_t match(std::size_t at) { return run(0, at); }

  // The first match that starts at `from` or later. False if there is none.
  bool search(std::size_t from, std::size_t& begin, std::size_t& end);

  struct Capture {
    std::size_t begin;
    std::size_t size;  // Matcher::none for a position capture
  };
  const Capture& capture(int index) const { return captured[index]; }

 private:
  std::size_t run(int node, std::size_t at);
  std::size_t repeated(int node, std::size_t at);
  std::size_t inCapture(int node, std::size_t at);
  std::size_t balanced(const Pattern::Node& node, std::size_t at);
  bool fits(const Pattern::Node& node, std::size_t at);

  const Pattern& pattern;
  std::string_view subject;
  Capture captured[maxCaptures];
};

}  // namespace maitred::lua
