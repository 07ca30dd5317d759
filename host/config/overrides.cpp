// `--set KEY=VALUE`.

#include "loader.h"
#include "names.h"
#include "reader.h"

#include <algorithm>
#include <charconv>

namespace maitred::host {

namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Node;

Node* itemByPosition(Node& list, const std::string& part) {
  size_t index = 0;
  auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size() || index >= list.items.size())
    return nullptr;
  return &list.items[index];
}

class Override {
 public:
  Override(const std::string& key, Diagnostics& diagnostics)
      : parts(splitKey(key)), where{"--set " + key, 0, 0, 1}, diagnostics(diagnostics) {}

  bool wellFormed() const {
    return std::none_of(parts.begin(), parts.end(),
                        [](const std::string& part) { return part.empty(); });
  }

  void apply(Node& root, const std::string& text) {
    auto value = yaml::parseValue(where, text, diagnostics);
    if (!value) return;
    if (value->isMapping() && value->members.empty() && text.find('{') == std::string::npos) {
      *value = Node{Kind::scalar, where, 0, 0, "", {}, {}};  // KEY= sets an empty text
    }
    Node* node = descend(root);
    if (node == nullptr) return;
    maskValues(diagnostics,
               *node);  // what is replaced is never read, so nobody else knows whether it is secret
    *node = std::move(*value);
  }

  const Location& place() const { return where; }

 private:
  Node* descend(Node& root) {
    Node* node = &root;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (node->isNull()) *node = Node{Kind::mapping, where, 0, 0, "", {}, {}};
      node = node->isSequence() ? item(*node, i) : member(*node, i);
      if (node == nullptr) return nullptr;
    }
    return node;
  }

  Node* member(Node& mapping, size_t i) {
    if (!mapping.isMapping()) {
      diagnostics.error(
          "override-path", where,
          quote(parts[i - 1]) + " has no keys below it: it is " + std::string(describe(mapping)));
      return nullptr;
    }
    if (Node* present = mapping.find(parts[i])) return present;
    mapping.members.push_back(Member{parts[i], where, Node{Kind::null, where, 0, 0, "", {}, {}}});
    return &mapping.members.back().value;
  }

  Node* item(Node& list, size_t i) {
    std::vector<std::string> names;
    for (Node& element : list.items) {
      const Node* name = element.find("name");
      if (name == nullptr || !name->isScalar()) continue;
      if (name->text == parts[i]) return &element;
      names.push_back(name->text);
    }
    if (Node* found = itemByPosition(list, parts[i])) return found;
    if (i == 1 && parts[0] == "plugins") {
      auto near = nearest(parts[i], names);
      diagnostics.error(
          "override-path", where, "no plugin instance is named " + quote(parts[i]),
          (near ? "did you mean " + quote(*near) + "? " : "") + "defined: " + quoteAll(names));
    } else {
      diagnostics.error("override-path", where, "the list has no element " + quote(parts[i]),
                        "elements are counted from 0 to " +
                            std::to_string(std::max<size_t>(list.items.size(), 1) - 1));
    }
    return nullptr;
  }

  std::vector<std::string> parts;
  Location where;
  Diagnostics& diagnostics;
};

}  // namespace

void applyOverrides(Node& root, const std::vector<std::string>& overrides,
                    Diagnostics& diagnostics) {
  for (const std::string& text : overrides) {
    size_t equals = text.find('=');
    Override change(text.substr(0, equals), diagnostics);
    if (equals == std::string::npos || !change.wellFormed()) {
      diagnostics.error("override-syntax", change.place(), "an override is written KEY=VALUE",
                        "for example: --set host.log.level=debug");
      continue;
    }
    change.apply(root, text.substr(equals + 1));
  }
}

}  // namespace maitred::host
