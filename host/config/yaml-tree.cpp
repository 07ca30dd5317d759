#include "yaml-tree.h"

#include "names.h"
#include "source-texts.h"

#include <maitred/utf8.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace maitred::host::yaml {

Node* Node::find(std::string_view key) {
  auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; });
  return found == members.end() ? nullptr : &found->value;
}
const Node* Node::find(std::string_view key) const {
  return const_cast<Node*>(this)->find(key);
}

std::string_view describe(const Node& node) {
  switch (node.kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "text";
    case Kind::sequence:
      return "a list";
    case Kind::mapping:
      return "a mapping";
  }
  return "nothing";
}

namespace {

// Ends a parse; its fault has been reported.
struct Stop {};

size_t countNodes(const Node& node) {
  size_t count = 1;
  for (const Node& item : node.items) count += countNodes(item);
  for (const Member& member : node.members) count += 1 + countNodes(member.value);
  return count;
}

size_t depthOf(const Node& node) {
  size_t depth = 0;
  for (const Node& item : node.items) depth = std::max(depth, depthOf(item));
  for (const Member& member : node.members) depth = std::max(depth, depthOf(member.value));
  return depth + 1;
}

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string file, const std::string& text, std::optional<Location> fixed,
          Diagnostics& diagnostics)
      : file(std::move(file)),
        fixed(std::move(fixed)),
        diagnostics(diagnostics),
        lines(linesOf(text)) {}

  std::optional<Node> root;

  Location place(const YAML::Mark& mark, size_t length = 1) const {
    if (fixed) return *fixed;
    if (mark.is_null()) return {file, 0, 0, 1};
    Location where{file, static_cast<uint32_t>(mark.line) + 1,
                   static_cast<uint32_t>(mark.column) + 1,
                   static_cast<uint32_t>(std::max<size_t>(length, 1))};
    if (static_cast<size_t>(mark.line) < lines.size()) {
      std::string_view line = lines[mark.line];
      where.column = countCharacters(line.substr(0, mark.column)) + 1;
    }
    return where;
  }

  [[noreturn]] void stop(std::string code, Location where, std::string message,
                         std::string hint = "") {
    diagnostics.error(std::move(code), std::move(where), std::move(message), std::move(hint));
    throw Stop{};
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    closeLast(mark);
    Node node;
    node.where = place(mark);
    if (!fixed && !stack.empty() && stack.back().key) node.where = stack.back().key->where;
    put(std::move(node), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    closeLast(mark);
    refuseTag(mark, tag);
    if (tag == "!") refuseOpenQuote(mark);
    Node node;
    node.kind = tag != "!" && (value == "~" || value == "null" || value.empty()) ? Kind::null
                                                                                 : Kind::scalar;
    node.where = place(mark, rawLength(mark, value));
    node.text = value;
    put(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    closeLast(mark);
    auto found = anchors.find(anchor);
    if (found == anchors.end()) {
      stop("yaml-alias", place(mark), "an alias stands inside the value that it names");
    }
    count(mark, countNodes(found->second));
    if (stack.size() + depthOf(found->second) > Limits::depth) tooDeep(mark);
    put(found->second, 0);
    lastScalar = nullptr;  // its place is that of the anchor
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Kind::sequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Kind::mapping);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor;
    std::optional<Node> key;  // of a mapping: read, its value not yet
  };

  void refuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    stop("yaml-tag", place(mark), "YAML tags are not used here",
         "leave the tag out; the schema gives the type");
  }
  // The parser takes the end of the file for a quote.
  void refuseOpenQuote(const YAML::Mark& mark) {
    size_t row = static_cast<size_t>(mark.line), at = static_cast<size_t>(mark.column);
    if (mark.is_null() || row >= lines.size() || at >= lines[row].size()) return;
    char quote = lines[row][at++];
    if (quote != '"' && quote != '\'') return;
    for (; row < lines.size(); ++row, at = 0) {
      const std::string& line = lines[row];
      for (; at < line.size(); ++at) {
        if (quote == '"' && line[at] == '\\') {
          ++at;
        } else if (line[at] == quote) {
          return;
        }
      }
    }
    if (soundsSecret(lines[mark.line]))
      diagnostics.texts().mask({file, place(mark).line, 1, 1}, 0, 0);
    stop("yaml-syntax", place(mark), "a quoted text is not closed",
         "write the same quote at its end");
  }
  [[noreturn]] void tooDeep(const YAML::Mark& mark) {
    stop("yaml-depth", place(mark),
         "nested more than " + std::to_string(Limits::depth) + " levels deep");
  }
  void count(const YAML::Mark& mark, size_t more) {
    nodes += more;
    if (nodes <= Limits::nodes) return;
    stop("yaml-nodes", place(mark),
         "more than " + std::to_string(Limits::nodes) +
             " values in one file, aliases counted as what they stand for");
  }

  // A scalar ends at the latest where the next node begins; masks of secrets need to know.
  void closeLast(const YAML::Mark& mark) {
    if (lastScalar == nullptr || mark.is_null()) return;
    Location next = place(mark);
    lastScalar->endLine = next.line;
    lastScalar->endColumn = next.column;
    lastScalar = nullptr;
  }

  // Characters that a scalar takes on its first line.
  size_t rawLength(const YAML::Mark& mark, const std::string& value) const {
    if (mark.is_null() || static_cast<size_t>(mark.line) >= lines.size()) return 1;
    std::string_view line = lines[mark.line];
    if (static_cast<size_t>(mark.column) >= line.size()) return 1;
    line.remove_prefix(mark.column);
    if (line[0] == '"' || line[0] == '\'') {
      size_t end = line.find(line[0], 1);
      return end == std::string_view::npos ? 1 : countCharacters(line.substr(0, end + 1));
    }
    return line.starts_with(value) ? countCharacters(value) : 1;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Kind kind) {
    closeLast(mark);
    refuseTag(mark, tag);
    if (stack.size() >= Limits::depth) tooDeep(mark);
    Node node;
    node.kind = kind;
    node.where = place(mark);
    stack.push_back({std::move(node), anchor, std::nullopt});
  }
  void close() {
    Frame frame = std::move(stack.back());
    stack.pop_back();
    put(std::move(frame.node), frame.anchor);
  }

  void put(Node node, YAML::anchor_t anchor) {
    count({}, 1);
    if (anchor != 0) {
      count({}, countNodes(node));
      anchors[anchor] = node;
    }
    if (stack.empty()) {
      root = std::move(node);
      return;
    }
    Frame& top = stack.back();
    if (top.node.kind == Kind::sequence) {
      top.node.items.push_back(std::move(node));
      remember(top.node.items.back());
    } else if (!top.key) {
      if (!node.isScalar())
        stop("yaml-key", node.where,
             "a key must be a plain word, not " + std::string(describe(node)));
      top.key = std::move(node);
    } else {
      Member member{std::move(top.key->text), std::move(top.key->where), std::move(node)};
      top.key.reset();
      top.node.members.push_back(std::move(member));
      remember(top.node.members.back().value);
    }
  }
  // Only until the next node, before which no vector that holds it grows.
  void remember(Node& node) {
    if (node.isScalar()) lastScalar = &node;
  }

  std::string file;
  std::optional<Location> fixed;
  Diagnostics& diagnostics;
  std::vector<std::string> lines;
  std::vector<Frame> stack;
  std::map<YAML::anchor_t, Node> anchors;
  Node* lastScalar = nullptr;
  size_t nodes = 0;
};

struct Wording {
  const char* theirs;
  const char* message;
  const char* hint;
};

// What yaml-cpp says, in words that say what to do.
const Wording wordings[] = {
    {YAML::ErrorMsg::END_OF_MAP, "this does not continue the mapping above",
     "keys of one mapping start in the same column, each as `key: value`"},
    {YAML::ErrorMsg::END_OF_SEQ, "this does not continue the list above",
     "items of one list start with `- ` in the same column"},
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "a mapping opened with { is not closed",
     "write } at its end, and commas between"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a list opened with [ is not closed",
     "write ] at its end, and commas between"},
    {YAML::ErrorMsg::FLOW_END, "this bracket closes nothing", "each { needs a } and each [ a ]"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "a quoted text is not closed",
     "write the same quote at its end"},
    {YAML::ErrorMsg::MAP_VALUE, "a colon cannot stand here",
     "put a text that contains `: ` into quotes"},
    {YAML::ErrorMsg::MAP_KEY, "a key cannot stand here", ""},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, "the alias names no anchor above it", ""},
    {YAML::ErrorMsg::INVALID_ESCAPE, "unknown escape in a quoted text",
     "single quotes take a backslash as it is"},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "this character cannot begin a value",
     "put the text into quotes"},
};

void reportSyntax(Builder& builder, const std::string& text, const YAML::ParserException& fault,
                  Diagnostics& diagnostics) {
  Location where = builder.place(fault.mark);
  std::string message = fault.msg, hint;
  for (const Wording& wording : wordings) {
    if (fault.msg.find(wording.theirs) != std::string::npos) {
      message = wording.message;
      hint = wording.hint;
    }
  }
  std::istringstream lines(text);
  std::string line;
  for (int i = 0; i <= fault.mark.line && std::getline(lines, line); ++i) {
    size_t first = line.find_first_not_of(" \t");
    size_t tab = line.find('\t');
    // The parser may notice a line late, at the following one.
    if (i + 1 < fault.mark.line || first == std::string::npos || tab >= first) continue;
    where = builder.place({}, 1);
    where.line = where.line == 0 ? 0 : static_cast<uint32_t>(i) + 1;
    where.column = static_cast<uint32_t>(tab) + 1;
    message = "a tab cannot indent YAML";
    hint = "use spaces";
    break;
  }
  // What this file is was not understood, so its lines may hold anything.
  auto shown = diagnostics.texts().line(where.file, where.line);
  if (shown && soundsSecret(*shown))
    diagnostics.texts().mask({where.file, where.line, 1, 1}, where.line + 1, 1);
  diagnostics.error("yaml-syntax", where, message, hint);
}

bool refuseBytes(const std::string& text, Builder& builder, Diagnostics& diagnostics) {
  size_t bad = invalidUtf8(text);
  std::string what = "the file is not valid UTF-8 from here on";
  for (size_t i = 0; i < std::min(bad, text.size()); ++i) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if ((c >= 0x20 && c != 0x7F) || c == '\n' || c == '\r' || c == '\t') continue;
    bad = i;
    what = "a control character cannot stand in a config file";
    break;
  }
  if (bad == std::string::npos) return false;
  YAML::Mark mark;
  mark.line = static_cast<int>(std::count(text.begin(), text.begin() + bad, '\n'));
  size_t lineStart = bad == 0 ? 0 : text.rfind('\n', bad - 1) + 1;
  mark.column = static_cast<int>(bad - lineStart);
  diagnostics.error("bad-characters", builder.place(mark), what, "save the file as UTF-8 text");
  return true;
}

std::optional<Node> parseWith(Builder& builder, const std::string& text, Diagnostics& diagnostics) {
  if (refuseBytes(text, builder, diagnostics)) return std::nullopt;
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder))
      return Node{Kind::mapping, builder.place({}), 0, 0, {}, {}, {}};
    std::optional<Node> root = std::move(builder.root);
    Builder rest = builder;
    if (parser.HandleNextDocument(rest) && rest.root && !rest.root->isNull()) {
      diagnostics.error("yaml-documents", rest.root->where, "a second document begins in this file",
                        "one file is one document; use `include` for further files");
    }
    return root;
  } catch (const Stop&) {
  } catch (const YAML::ParserException& fault) {
    reportSyntax(builder, text, fault, diagnostics);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Node> parse(const std::string& file, const std::string& text,
                          Diagnostics& diagnostics) {
  Builder builder(file, text, std::nullopt, diagnostics);
  return parseWith(builder, text, diagnostics);
}

std::optional<Node> parseValue(const Location& where, const std::string& text,
                               Diagnostics& diagnostics) {
  Builder builder(where.file, text, where, diagnostics);
  return parseWith(builder, text, diagnostics);
}

}  // namespace maitred::host::yaml
