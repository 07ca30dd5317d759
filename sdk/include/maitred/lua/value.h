#pragma once
// A value that goes into a policy or comes out of it. For hot paths there is a way with plain
// doubles.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace maitred::lua {

struct Table;

class Value {
 public:
  Value() = default;  // nil
  Value(bool v) : data(v) {}
  Value(int v) : data(std::int64_t{v}) {}
  Value(std::int64_t v) : data(v) {}
  Value(double v) : data(v) {}
  Value(const char* v) : data(std::string(v)) {}
  Value(std::string v) : data(std::move(v)) {}
  Value(Table v);

  bool isNil() const { return data.index() == 0; }
  bool isNumber() const { return data.index() == 2 || data.index() == 3; }
  const bool* boolean() const { return std::get_if<bool>(&data); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data); }
  const std::string* string() const { return std::get_if<std::string>(&data); }
  const Table* table() const;                 // null if it is none
  double number(double otherwise = 0) const;  // of an integer too
  bool truthy() const;                        // Lua's idea: all but nil and false
  const char* typeName() const;               // Lua's: "nil", "boolean", "number", …

  // A Lua literal: {1, 2, user = "ana"}; `maitred policy eval` reads the same form. Cut at about
  // `limit` bytes.
  std::string literal(std::size_t limit = 1024) const;

  bool operator==(const Value& other) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string,
               std::shared_ptr<const Table>>
      data;
};

// A list (t[1], t[2], …) with named fields beside it. Tables that come out of a policy have at most
// 10,000 values in all and nest at most 16 deep; keys that are neither strings nor the list's are
// refused.
struct Table {
  std::vector<Value> list;
  std::vector<std::pair<std::string, Value>> fields;

  const Value* find(std::string_view name) const;  // null if absent
  Table& set(std::string name, Value value) {
    fields.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  bool operator==(const Table& other) const = default;
};

}  // namespace maitred::lua
