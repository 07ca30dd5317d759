#include "pattern.h"

#include <cctype>

namespace maitred::lua {

void Pattern::classSet(unsigned char letter, Set& result) {
  int (*test)(int) = nullptr;
  switch (std::tolower(letter)) {
    case 'a':
      test = std::isalpha;
      break;
    case 'c':
      test = std::iscntrl;
      break;
    case 'd':
      test = std::isdigit;
      break;
    case 'g':
      test = std::isgraph;
      break;
    case 'l':
      test = std::islower;
      break;
    case 'p':
      test = std::ispunct;
      break;
    case 's':
      test = std::isspace;
      break;
    case 'u':
      test = std::isupper;
      break;
    case 'w':
      test = std::isalnum;
      break;
    case 'x':
      test = std::isxdigit;
      break;
    default:
      result.set(letter);
      return;  // an escaped character stands for itself
  }
  bool complement = std::isupper(letter) != 0;
  for (int c = 0; c < 256; ++c) {
    if ((test(c) != 0) != complement) result.set(static_cast<std::size_t>(c));
  }
}

// `at` is behind the opening bracket and moves behind the closing one.
const char* Pattern::set(std::string_view text, std::size_t& at, Set& result) {
  bool complement = at < text.size() && text[at] == '^';
  if (complement) ++at;
  for (bool first = true;; first = false) {
    if (at >= text.size()) return "malformed pattern (missing ']')";
    auto c = static_cast<unsigned char>(text[at++]);
    if (c == ']' && !first) break;
    if (c == '%') {
      if (at >= text.size()) return "malformed pattern (missing ']')";
      classSet(static_cast<unsigned char>(text[at++]), result);
    } else if (at + 1 < text.size() && text[at] == '-' && text[at + 1] != ']') {
      for (int each = c; each <= static_cast<unsigned char>(text[at + 1]); ++each) {
        result.set(static_cast<std::size_t>(each));
      }
      at += 2;
    } else {
      result.set(c);
    }
  }
  if (complement) result.flip();
  return nullptr;
}

// What follows a % that is no simple class: %b, %f, %1…%9. `at` is behind the %.
const char* Pattern::escape(std::string_view text, std::size_t& at) {
  Node& node = nodes[count];
  char letter = text[at++];
  if (letter == 'b') {
    if (at + 2 > text.size()) return "malformed pattern (missing arguments to '%b')";
    node.op = Op::balance;
    node.a = static_cast<unsigned char>(text[at]);
    node.b = static_cast<unsigned char>(text[at + 1]);
    at += 2;
  } else if (letter == 'f') {
    if (at >= text.size() || text[at] != '[') return "missing '[' after '%f' in pattern";
    node.op = Op::frontier;
    if (const char* problem = set(text, ++at, node.set)) return problem;
  } else {
    int index = letter - '1';
    if (index < 0 || index >= captureCount || open[index])
      return "invalid capture index in pattern";
    node.op = Op::again;
    node.a = static_cast<unsigned char>(index);
  }
  ++count;
  return nullptr;
}

// One character class with what repeats it.
const char* Pattern::single(std::string_view text, std::size_t& at) {
  Node& node = nodes[count];
  node.op = Op::one;
  char c = text[at++];
  if (c == '.') {
    node.set.set();
  } else if (c == '[') {
    if (const char* problem = set(text, at, node.set)) return problem;
  } else if (c == '%') {
    if (at >= text.size()) return "malformed pattern (ends with '%')";
    classSet(static_cast<unsigned char>(text[at++]), node.set);
  } else {
    node.set.set(static_cast<unsigned char>(c));
  }
  char suffix = at < text.size() ? text[at] : '\0';
  int least = suffix == '+' ? 1 : 0;
  switch (suffix) {
    case '?':
      node.repeat = Repeat::optional;
      break;
    case '-':
      node.repeat = Repeat::lazy;
      break;
    case '*':
    case '+':
      node.repeat = Repeat::greedy;
      break;
    default:
      ++count;
      return nullptr;
  }
  node.a = static_cast<unsigned char>(least);
  ++at;
  ++count;
  return nullptr;
}

const char* Pattern::compile(std::string_view text, bool anchors) {
  if (text.size() > maxPatternBytes) return "pattern longer than 256 bytes";
  count = captureCount = 0;
  std::size_t at = 0;
  anchor = anchors && !text.empty() && text[0] == '^';
  if (anchor) ++at;
  while (at < text.size()) {
    nodes[count] = Node{Op::one, Repeat::once, 0, 0, {}};
    Node& node = nodes[count];
    char c = text[at];
    char following = at + 1 < text.size() ? text[at + 1] : '\0';
    if (c == '(') {
      if (captureCount == maxCaptures) return "too many captures";
      bool position = following == ')';
      node.op = position ? Op::position : Op::open;
      node.a = static_cast<unsigned char>(captureCount);
      open[captureCount++] = !position;
      at += position ? 2 : 1;
      ++count;
    } else if (c == ')') {
      int index = captureCount - 1;
      while (index >= 0 && !open[index]) --index;
      if (index < 0) return "invalid pattern capture";
      open[index] = false;
      node.op = Op::close;
      node.a = static_cast<unsigned char>(index);
      ++at;
      ++count;
    } else if (c == '$' && at + 1 == text.size()) {
      node.op = Op::atEnd;
      ++at;
      ++count;
    } else if (c == '%' && (following == 'b' || following == 'f' || std::isdigit(following) != 0)) {
      if (const char* problem = escape(text, ++at)) return problem;
    } else if (const char* problem = single(text, at)) {
      return problem;
    }
  }
  for (int i = 0; i < captureCount; ++i) {
    if (open[i]) return "unfinished capture";
  }
  nodes[count] = Node{Op::accept, Repeat::once, 0, 0, {}};
  return nullptr;
}

bool Matcher::fits(const Pattern::Node& node, std::size_t at) {
  --steps;
  return at < subject.size() && node.set[static_cast<unsigned char>(subject[at])];
}

// Recursion goes from node to node only, so that it is never deeper than the pattern is long.
std::size_t Matcher::repeated(int index, std::size_t at) {
  const Pattern::Node& node = pattern.nodes[index];
  if (node.repeat == Pattern::Repeat::optional) {
    if (fits(node, at)) {
      std::size_t end = run(index + 1, at + 1);
      if (end != none || steps < 0) return end;
    }
    return run(index + 1, at);
  }
  if (node.repeat == Pattern::Repeat::lazy) {
    for (;; ++at) {
      std::size_t end = run(index + 1, at);
      if (end != none || steps < 0) return end;
      if (!fits(node, at)) return none;
    }
  }
  std::size_t many = 0;
  while (steps >= 0 && fits(node, at + many)) ++many;
  for (; steps >= 0 && many >= node.a; --many) {
    std::size_t end = run(index + 1, at + many);
    if (end != none) return end;
    if (many == 0) break;
  }
  return none;
}

std::size_t Matcher::inCapture(int index, std::size_t at) {
  const Pattern::Node& node = pattern.nodes[index];
  Capture& capture = captured[node.a];
  Capture former = capture;
  if (node.op == Pattern::Op::close)
    capture.size = at - capture.begin;
  else
    capture = {at, node.op == Pattern::Op::position ? none : 0};
  std::size_t end = run(index + 1, at);
  if (end == none) capture = former;
  return end;
}

std::size_t Matcher::balanced(const Pattern::Node& node, std::size_t at) {
  if (at >= subject.size() || static_cast<unsigned char>(subject[at]) != node.a) return none;
  std::size_t depth = 1;
  for (++at; at < subject.size() && steps >= 0; ++at, --steps) {
    auto c = static_cast<unsigned char>(subject[at]);
    if (c == node.b) {
      if (--depth == 0) return at + 1;
    } else if (c == node.a) {
      ++depth;
    }
  }
  return none;
}

std::size_t Matcher::run(int index, std::size_t at) {
  for (;; ++index) {
    if (--steps < 0) return none;
    const Pattern::Node& node = pattern.nodes[index];
    switch (node.op) {
      case Pattern::Op::accept:
        return at;
      case Pattern::Op::atEnd:
        if (at != subject.size()) return none;
        break;
      case Pattern::Op::open:
      case Pattern::Op::position:
      case Pattern::Op::close:
        return inCapture(index, at);
      case Pattern::Op::balance:
        at = balanced(node, at);
        if (at == none) return none;
        break;
      case Pattern::Op::frontier: {
        unsigned char before = at == 0 ? 0 : static_cast<unsigned char>(subject[at - 1]);
        unsigned char here = at == subject.size() ? 0 : static_cast<unsigned char>(subject[at]);
        if (node.set[before] || !node.set[here]) return none;
        break;
      }
      case Pattern::Op::again: {
        const Capture& capture = captured[node.a];
        std::size_t size = capture.size == none ? 0 : capture.size;
        steps -= static_cast<std::int64_t>(size / 8);
        if (subject.substr(at, size) != subject.substr(capture.begin, size)) return none;
        at += size;
        break;
      }
      case Pattern::Op::one:
        if (node.repeat != Pattern::Repeat::once) return repeated(index, at);
        if (!fits(node, at)) return none;
        ++at;
        break;
    }
  }
}

bool Matcher::search(std::size_t from, std::size_t& begin, std::size_t& end) {
  for (begin = from; begin <= subject.size() && steps >= 0; ++begin) {
    end = match(begin);
    if (end != none) return true;
    if (pattern.anchor) break;
  }
  return false;
}

}  // namespace maitred::lua
