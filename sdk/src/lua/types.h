#pragma once
// A small reader for LuaCATS annotations: the part of the language in which the kinds' contracts
// are written.
//   ---@class Name [: Parent]     ---@field name[?] type text     ---@alias Name type
//   ---@param name[?] type text   ---@return type [name] text     before `function Class.name(…)
//   end`
// Types: any nil boolean number integer string, "literals" and numbers, T[], table<K, V>, fun(a: T,
// b?: T): T, A|B, T?, (T), class and alias names. Two notes in the text mean something: "e.g. 4096"
// is the value of trial calls, and "0..1" behind a @return the allowed range. A field whose text
// starts with "secret" is masked in reports.

#include <maitred/lua/value.h>

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::lua {

struct Type;
using TypeRef = std::shared_ptr<const Type>;

struct Member {  // a field, a parameter or a result
  std::string name;
  TypeRef type;
  bool optional = false;
  bool secret = false;  // "secret…": its values never show in a report
  std::string doc;
  std::optional<Value> example;                             // "e.g. …"
  double least = -std::numeric_limits<double>::infinity();  // "0..1"
  double most = std::numeric_limits<double>::infinity();
};

struct Type {
  enum class Is {
    any,
    nil,
    boolean,
    number,
    integer,
    string,
    literal,
    list,
    map,
    name,
    function,
    either
  };
  Is is = Is::any;
  Value literal;
  std::string name;
  std::vector<TypeRef> parts;      // list: element; map: key, value; either: all
  std::vector<Member> parameters;  // function
  std::vector<Member> results;
  std::string text() const;  // as one would write it
};

struct Class {
  std::string name;
  std::vector<std::string> parents;
  std::vector<Member> fields;
  std::string doc;
};

// Where and what: "fairness.lua:12: expected a type".
struct TypesError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Types {
 public:
  // Adds a file's declarations. Throws TypesError for what the reader does not understand.
  void read(std::string_view text, const std::string& file);

  const Class* find(const std::string& name) const;
  const std::map<std::string, Class>& all() const { return classes; }

  // With aliases replaced: never Is::name unless it is a class. Throws TypesError for an unknown
  // name.
  TypeRef resolve(TypeRef type) const;

  // A class's fields, its parents' first.
  std::vector<Member> fields(const Class& declared) const;

  // Null if the value is of the type; else what is wrong, `path` in front: "result.user: expected
  // string, got nil".
  std::optional<std::string> mismatch(const Value& value, const TypeRef& type,
                                      const std::string& path) const;

  // The value as a report may show it: what is secret reads "***".
  Value masked(const Value& value, const TypeRef& type) const;

  // A value of that type for trial calls.
  Value sample(const Member& member) const { return sample(member, 0); }

 private:
  friend class TypesReader;
  Value sample(const Member& member, int depth) const;

  std::map<std::string, Class> classes;
  std::map<std::string, TypeRef> aliases;
};

// One type from the start of `text`; moves `text` behind it. Throws TypesError (without a place).
TypeRef readType(std::string_view& text);

}  // namespace maitred::lua
