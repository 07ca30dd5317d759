#pragma once
// YAML as a tree that knows its places, with limits on everything.
//
// yaml-cpp parses; the tree is ours, since its own silently keeps one of two equal keys, expands
// aliases without bound and forgets where a key stood.

#include "diagnostics.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::host::yaml {

enum class Kind { null, scalar, sequence, mapping };

struct Member;

struct Node {
  Kind kind = Kind::null;
  Location where;
  uint32_t endLine = 0, endColumn = 0;  // where the next node begins; 0 = end of file
  std::string text;                     // of a scalar, quotes and escapes resolved
  std::vector<Node> items;
  std::vector<Member> members;

  bool isScalar() const { return kind == Kind::scalar; }
  bool isMapping() const { return kind == Kind::mapping; }
  bool isSequence() const { return kind == Kind::sequence; }
  bool isNull() const { return kind == Kind::null; }
  // The first member of this key; null if there is none.
  Node* find(std::string_view key);
  const Node* find(std::string_view key) const;
};

// Both of two equal keys are kept; the reader reports them.
struct Member {
  std::string key;
  Location where;
  Node value;
};

// "text", "a list", "a mapping", "nothing"
std::string_view describe(const Node& node);

struct Limits {
  static constexpr size_t bytes = 1 << 20;
  static constexpr size_t depth = 64;
  static constexpr size_t nodes = 100'000;  // aliases count as what they stand for
};

// Parses one document. Faults go to `diagnostics`, under the name `file`, whose text must be among
// its texts already. Null where nothing could be made of it.
std::optional<Node> parse(const std::string& file, const std::string& text,
                          Diagnostics& diagnostics);

// The same for a value of the command line, all of whose nodes get the one place `where`.
std::optional<Node> parseValue(const Location& where, const std::string& text,
                               Diagnostics& diagnostics);

}  // namespace maitred::host::yaml
