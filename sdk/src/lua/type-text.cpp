// Types as text: reading one, and writing one for messages.

#include "types.h"

#include <cctype>
#include <charconv>

namespace maitred::lua {

namespace {

TypeRef simple(Type::Is is) {
  auto type = std::make_shared<Type>();
  type->is = is;
  return type;
}

class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text(text) {}

  TypeRef either() {
    if (++depth > 32) fail("types nest too deep");
    TypeRef first = postfixed();
    auto type = std::make_shared<Type>();
    type->is = Type::Is::either;
    type->parts.push_back(first);
    while (accept('|')) type->parts.push_back(postfixed());
    --depth;
    return type->parts.size() == 1 ? first : type;
  }

  std::string_view rest() const { return text; }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw TypesError(what + " at \"" + std::string(text.substr(0, 20)) + "\"");
  }

  void skip() {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
  }

  // Blanks end a type unless something follows that can only go on with it.
  bool accept(char c) {
    std::string_view before = text;
    skip();
    if (!text.empty() && text[0] == c) {
      text.remove_prefix(1);
      return true;
    }
    text = before;
    return false;
  }

  void expect(char c) {
    if (!accept(c)) fail(std::string("expected '") + c + "'");
  }

  std::string word() {
    skip();
    std::size_t size = 0;
    while (size < text.size() && (std::isalnum(static_cast<unsigned char>(text[size])) != 0 ||
                                  text[size] == '_' || text[size] == '.')) {
      ++size;
    }
    std::string result(text.substr(0, size));
    text.remove_prefix(size);
    return result;
  }

  TypeRef postfixed() {
    TypeRef type = primary();
    for (;;) {
      if (text.starts_with("[]")) {
        text.remove_prefix(2);
        auto list = std::make_shared<Type>();
        list->is = Type::Is::list;
        list->parts = {type};
        type = list;
      } else if (text.starts_with("?")) {
        text.remove_prefix(1);
        auto optional = std::make_shared<Type>();
        optional->is = Type::Is::either;
        optional->parts = {type, simple(Type::Is::nil)};
        type = optional;
      } else {
        return type;
      }
    }
  }

  TypeRef quoted() {
    char quote = text[0];
    std::size_t end = text.find(quote, 1);
    if (end == text.npos) fail("unfinished string");
    auto type = std::make_shared<Type>();
    type->is = Type::Is::literal;
    type->literal = std::string(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return type;
  }

  TypeRef primary() {
    skip();
    if (text.empty()) fail("expected a type");
    if (text[0] == '"' || text[0] == '\'') return quoted();
    if (accept('(')) {
      TypeRef inner = either();
      expect(')');
      return inner;
    }
    if (std::isdigit(static_cast<unsigned char>(text[0])) != 0 || text[0] == '-') return number();
    std::string name = word();
    if (name.empty()) fail("expected a type");
    if (name == "fun") return function();
    if (name == "table" && accept('<')) {
      auto map = std::make_shared<Type>();
      map->is = Type::Is::map;
      map->parts.push_back(either());
      expect(',');
      map->parts.push_back(either());
      expect('>');
      return map;
    }
    return named(name);
  }

  TypeRef number() {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) fail("expected a number");
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    auto type = std::make_shared<Type>();
    type->is = Type::Is::literal;
    auto whole = static_cast<std::int64_t>(value);
    type->literal = static_cast<double>(whole) == value ? Value(whole) : Value(value);
    return type;
  }

  static TypeRef named(const std::string& name) {
    static const std::map<std::string, Type::Is> known = {
        {"any", Type::Is::any},         {"nil", Type::Is::nil},
        {"boolean", Type::Is::boolean}, {"number", Type::Is::number},
        {"integer", Type::Is::integer}, {"string", Type::Is::string},
    };
    auto found = known.find(name);
    if (found != known.end()) return simple(found->second);
    auto type = std::make_shared<Type>();
    type->name = name;
    type->is = Type::Is::name;
    if (name == "true" || name == "false") {
      type->is = Type::Is::literal;
      type->literal = name == "true";
    }
    return type;
  }

  TypeRef function() {
    auto type = std::make_shared<Type>();
    type->is = Type::Is::function;
    expect('(');
    while (!accept(')')) {
      Member parameter;
      parameter.name = word();
      if (parameter.name.empty()) fail("expected a parameter's name");
      parameter.optional = accept('?');
      expect(':');
      parameter.type = either();
      type->parameters.push_back(std::move(parameter));
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    if (accept(':')) {
      do {
        Member result;
        result.type = either();
        type->results.push_back(std::move(result));
      } while (accept(','));
    }
    return type;
  }

  std::string_view text;
  int depth = 0;
};

std::string join(const std::vector<TypeRef>& parts, const char* between) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : between) + part->text();
  return text;
}

}  // namespace

TypeRef readType(std::string_view& text) {
  TypeParser parser(text);
  TypeRef type = parser.either();
  text = parser.rest();
  return type;
}

std::string Type::text() const {
  switch (is) {
    case Is::any:
      return "any";
    case Is::nil:
      return "nil";
    case Is::boolean:
      return "boolean";
    case Is::number:
      return "number";
    case Is::integer:
      return "integer";
    case Is::string:
      return "string";
    case Is::literal:
      return literal.literal();
    case Is::list:
      return parts[0]->text() + "[]";
    case Is::map:
      return "table<" + join(parts, ", ") + ">";
    case Is::name:
      return name;
    case Is::either:
      return join(parts, " or ");
    case Is::function:
      break;
  }
  std::string text = "function(";
  for (const auto& parameter : parameters) {
    if (&parameter != &parameters.front()) text += ", ";
    text += parameter.name;
  }
  return text + ")";
}

}  // namespace maitred::lua
