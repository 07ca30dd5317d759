#include "loader.h"

#include "files.h"
#include "names.h"
#include "source-texts.h"

#include <algorithm>

namespace maitred::host {

namespace {

constexpr size_t deepestInclude = 8;
constexpr size_t mostFiles = 256;

using yaml::Kind;
using yaml::Member;
using yaml::Node;

class Loader {
 public:
  Loader(const Environment& environment, Diagnostics& diagnostics)
      : environment(environment), diagnostics(diagnostics) {}

  // `from`: where the include stands; empty for the main file.
  std::optional<Node> load(const std::string& name, const Location& from) {
    std::string absolute = absolutePath(name, currentFolder());
    FileText file = readTextFile(absolute, yaml::Limits::bytes);
    if (!file.text) {
      bool main = from.file.empty();
      if (main) diagnostics.markUnreadable();
      diagnostics.error(main ? "file-unreadable" : "include-unreadable",
                        main ? Location{name, 0, 0, 1} : from,
                        main ? "the file " + file.fault
                             : "the included file " + quotePath(absolute) + " " + file.fault);
      return std::nullopt;
    }
    if (file.text->starts_with("\xEF\xBB\xBF")) file.text->erase(0, 3);
    diagnostics.texts().add(name, *file.text, folderOf(absolute));
    auto tree = yaml::parse(name, *file.text, diagnostics);
    if (!tree) return std::nullopt;
    if (tree->isNull()) tree->kind = Kind::mapping;
    if (!tree->isMapping()) {
      diagnostics.error("wrong-type", tree->where,
                        "a config file is a mapping, not " + std::string(describe(*tree)),
                        "begin with `plugins:` or `host:`");
      return std::nullopt;
    }
    open.push_back(absolute);
    includeAll(*tree, name);
    open.pop_back();
    return tree;
  }

 private:
  void includeAll(Node& tree, const std::string& name) {
    const Node* include = tree.find("include");
    if (include == nullptr) return;
    std::vector<Node> list = include->isScalar() ? std::vector<Node>{*include} : include->items;
    std::vector<Node> parts;
    for (const Node& entry : list) {
      if (!entry.isScalar()) continue;  // the typed reader reports it
      Substituted path = substituteVariables(entry.text, environment);
      if (!path.fault.empty()) continue;
      if (auto part = includeOne(path.text, name, entry.where)) parts.push_back(std::move(*part));
    }
    for (Node& part : parts) {
      part.members.erase(std::remove_if(part.members.begin(), part.members.end(),
                                        [](const Member& m) { return m.key == "include"; }),
                         part.members.end());
      merge(tree, std::move(part), true);
    }
  }

  std::optional<Node> includeOne(const std::string& path, const std::string& name,
                                 const Location& where) {
    std::string shown =
        path.starts_with('/') || folderOf(name) == "." ? path : folderOf(name) + "/" + path;
    std::string absolute = absolutePath(shown, currentFolder());
    if (std::find(open.begin(), open.end(), absolute) != open.end()) {
      diagnostics.error("include-cycle", where,
                        "the file " + quotePath(shown) + " includes itself, directly or by others");
      return std::nullopt;
    }
    if (open.size() > deepestInclude) {
      diagnostics.error("include-depth", where, "includes are nested more than 8 deep");
      return std::nullopt;
    }
    if (diagnostics.texts().knows(shown)) {
      diagnostics.error("include-twice", where,
                        "the file " + quotePath(shown) + " is included twice");
      return std::nullopt;
    }
    if (++count > mostFiles) {
      if (count == mostFiles + 1)
        diagnostics.error("include-many", where, "more than 256 files are included");
      return std::nullopt;
    }
    return load(shown, where);
  }

  // Adds the members of `part`. At the top the lists of plugins are joined, below every key is set
  // once.
  void merge(Node& into, Node part, bool top) {
    for (Member& member : part.members) {
      Node* present = into.find(member.key);
      if (present == nullptr) {
        into.members.push_back(std::move(member));
      } else if (top && member.key == "plugins" && present->isSequence() &&
                 member.value.isSequence()) {
        std::move(member.value.items.begin(), member.value.items.end(),
                  std::back_inserter(present->items));
      } else if (present->isNull()) {
        *present = std::move(member.value);
      } else if (present->isMapping() && member.value.isMapping()) {
        merge(*present, std::move(member.value), false);
      } else if (!member.value.isNull()) {
        auto first = std::find_if(into.members.begin(), into.members.end(),
                                  [&](const Member& m) { return m.key == member.key; });
        diagnostics.add({Severity::error,
                         "set-twice",
                         member.where,
                         "the key " + quote(member.key) + " is set in two files",
                         "keep one of them",
                         {{first->where, "the other place"}}});
      }
    }
  }

  const Environment& environment;
  Diagnostics& diagnostics;
  std::vector<std::string> open;  // absolute paths from the main file down to the present one
  size_t count = 0;
};

}  // namespace

std::optional<Node> loadFiles(const std::string& file, const Environment& environment,
                              Diagnostics& diagnostics) {
  return Loader(environment, diagnostics).load(file, {});
}

}  // namespace maitred::host
