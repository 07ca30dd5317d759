#include "types.h"

#include <cctype>
#include <charconv>
#include <cmath>

namespace maitred::lua {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.remove_suffix(1);
  return text;
}

std::string_view takeWord(std::string_view& text) {
  text = trimmed(text);
  std::size_t size = 0;
  while (size < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[size])) != 0 || text[size] == '_')) {
    ++size;
  }
  std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

bool startsNumber(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) != 0;
}

// The notes inside a member's text that mean something.
void readNotes(Member& member) {
  std::string_view doc = member.doc;
  member.secret = doc.starts_with("secret");
  if (std::size_t at = doc.find("e.g. "); at != doc.npos) {
    std::string_view text = doc.substr(at + 5);
    if (startsNumber(text) || text.starts_with('"')) member.example = readType(text)->literal;
  }
  std::size_t dots = doc.find("..");
  if (dots == doc.npos || dots + 2 >= doc.size()) return;
  std::size_t begin = dots;
  while (begin > 0 &&
         std::string_view("0123456789.-").find(doc[begin - 1]) != std::string_view::npos)
    --begin;
  double least = 0, most = 0;
  auto low = std::from_chars(doc.data() + begin, doc.data() + dots, least);
  auto high = std::from_chars(doc.data() + dots + 2, doc.data() + doc.size(), most);
  if (low.ec != std::errc() || low.ptr != doc.data() + dots || high.ec != std::errc()) return;
  member.least = least;
  member.most = most;
}

}  // namespace

// Reads a file line by line; annotations gather until the line of code that they belong to.
class TypesReader {
 public:
  TypesReader(Types& types, const std::string& file) : types(types), file(file) {}

  void line(std::string_view text) {
    ++number;
    try {
      text = trimmed(text);
      if (text.starts_with("---@"))
        annotation(text.substr(4));
      else if (text.starts_with("---|"))
        alternative(text.substr(4));
      else if (text.starts_with("---"))
        doc += (doc.empty() ? "" : "\n") + std::string(trimmed(text.substr(3)));
      else if (text.starts_with("function "))
        function(text.substr(9));
      else if (text.starts_with("local "))
        local(text.substr(6));
      else if (text.empty())
        forget();
    } catch (const TypesError& error) {
      throw TypesError(file + ":" + std::to_string(number) + ": " + error.what());
    }
  }

 private:
  void forget() {
    doc.clear();
    pending = Type();
    current = nullptr;
    alias.clear();
  }

  void annotation(std::string_view text) {
    std::string_view tag = takeWord(text);
    if (tag == "class") return declareClass(text);
    if (tag == "field") return field(text);
    if (tag == "alias") return declareAlias(text);
    if (tag == "param") return parameter(text);
    if (tag == "return") return result(text);
    if (tag != "meta") throw TypesError("unknown annotation @" + std::string(tag));
  }

  std::string name(std::string_view& text, const char* what) {
    std::string word(takeWord(text));
    if (word.empty()) throw TypesError(std::string("expected the name of a ") + what);
    return word;
  }

  void declareClass(std::string_view text) {
    std::string className = name(text, "class");
    if (types.classes.count(className) != 0)
      throw TypesError("class " + className + " is declared twice");
    current = &types.classes[className];
    current->name = className;
    current->doc = std::exchange(doc, "");
    text = trimmed(text);
    while (text.starts_with(":") || text.starts_with(",")) {
      text.remove_prefix(1);
      current->parents.push_back(name(text, "parent class"));
      text = trimmed(text);
    }
  }

  // What @field and @param share: name, "?", type, text.
  Member member(std::string_view text, const char* what) {
    Member result;
    result.name = name(text, what);
    if (text.starts_with("?")) {
      result.optional = true;
      text.remove_prefix(1);
    }
    result.type = readType(text);
    result.doc = trimmed(text);
    readNotes(result);
    return result;
  }

  void field(std::string_view text) {
    if (current == nullptr) throw TypesError("@field without a @class before it");
    current->fields.push_back(member(text, "field"));
  }

  void parameter(std::string_view text) { pending.parameters.push_back(member(text, "parameter")); }

  void result(std::string_view text) {
    Member result;
    result.type = readType(text);
    result.name = std::string(takeWord(text));
    result.doc = trimmed(text);
    readNotes(result);
    pending.results.push_back(std::move(result));
  }

  void declareAlias(std::string_view text) {
    alias = name(text, "alias");
    auto type = std::make_shared<Type>();
    type->is = Type::Is::either;
    text = trimmed(text);
    if (!text.empty()) type->parts.push_back(readType(text));
    aliasType = type;
    types.aliases[alias] = aliasType;
    doc.clear();
  }

  void alternative(std::string_view text) {
    if (alias.empty()) throw TypesError("an alternative without an @alias before it");
    aliasType->parts.push_back(readType(text));
  }

  // `local Name = {}` behind a @class: functions of Name belong to that class.
  void local(std::string_view text) {
    if (current != nullptr) variables[std::string(takeWord(text))] = current;
    forget();
  }

  // `function Name.member(a, b) end` with its @param and @return lines before it.
  void function(std::string_view text) {
    std::string owner = name(text, "class");
    auto found = variables.find(owner);
    if (found == variables.end() || !text.starts_with("."))
      throw TypesError("a function of no class");
    text.remove_prefix(1);
    Member member;
    member.name = name(text, "function");
    member.doc = doc;
    pending.is = Type::Is::function;
    for (const auto& parameter : pending.parameters) {
      text = trimmed(text);
      if (!text.starts_with("(") && !text.starts_with(","))
        throw TypesError("missing parameter " + parameter.name);
      text.remove_prefix(1);
      if (takeWord(text) != parameter.name)
        throw TypesError("expected parameter " + parameter.name);
    }
    member.type = std::make_shared<Type>(std::move(pending));
    found->second->fields.push_back(std::move(member));
    forget();
  }

  Types& types;
  const std::string& file;
  int number = 0;
  std::string doc, alias;
  std::shared_ptr<Type> aliasType;
  Type pending;
  Class* current = nullptr;
  std::map<std::string, Class*> variables;
};

void Types::read(std::string_view text, const std::string& file) {
  TypesReader reader(*this, file);
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    reader.line(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

const Class* Types::find(const std::string& name) const {
  auto found = classes.find(name);
  return found == classes.end() ? nullptr : &found->second;
}

TypeRef Types::resolve(TypeRef type) const {
  for (int depth = 0; type->is == Type::Is::name && depth < 16; ++depth) {
    auto alias = aliases.find(type->name);
    if (alias == aliases.end()) {
      if (find(type->name) == nullptr) throw TypesError("unknown type " + type->name);
      return type;
    }
    type = alias->second;
  }
  return type;
}

std::vector<Member> Types::fields(const Class& declared) const {
  std::vector<Member> all;
  for (const auto& parent : declared.parents) {
    if (const Class* found = find(parent)) {
      for (auto& field : fields(*found)) all.push_back(std::move(field));
    }
  }
  all.insert(all.end(), declared.fields.begin(), declared.fields.end());
  return all;
}

}  // namespace maitred::lua
