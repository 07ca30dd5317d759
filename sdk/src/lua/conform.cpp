// Values against types: is this one of that type, and what would one look like.

#include "nearest.h"
#include "types.h"

#include <cmath>

namespace maitred::lua {

namespace {

std::string shortText(const Value& value) {
  if (value.isNil()) return "nil";
  return std::string(value.typeName()) + " " + value.literal(60);
}

std::string expected(const std::string& path, const Type& type, const Value& got) {
  return path + ": expected " + type.text() + ", got " + shortText(got);
}

using Mismatch = std::optional<std::string>;

Mismatch classMismatch(const Types& types, const Value& value, const Class& declared,
                       const std::string& path) {
  const Table* table = value.table();
  if (table == nullptr)
    return path + ": expected a table (" + declared.name + "), got " + shortText(value);
  std::vector<std::string> names;
  for (const auto& field : types.fields(declared)) {
    names.push_back(field.name);
    const Value* found = table->find(field.name);
    if (found == nullptr || found->isNil()) {
      if (field.optional) continue;
      found = nullptr;
    }
    if (Mismatch wrong = types.mismatch(found == nullptr ? Value() : *found, field.type,
                                        path + "." + field.name)) {
      return wrong;
    }
  }
  for (const auto& [name, unused] : table->fields) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return path + ": unknown field \"" + name + "\"" + didYouMean(name, names);
    }
  }
  if (!table->list.empty())
    return path + ": expected named fields (" + declared.name + "), got a list";
  return {};
}

Mismatch listMismatch(const Types& types, const Value& value, const Type& type,
                      const std::string& path) {
  const Table* table = value.table();
  if (table == nullptr || !table->fields.empty()) return expected(path, type, value);
  for (std::size_t i = 0; i < table->list.size(); ++i) {
    std::string place = path + "[" + std::to_string(i + 1) + "]";
    if (Mismatch wrong = types.mismatch(table->list[i], type.parts[0], place)) return wrong;
  }
  return {};
}

Mismatch mapMismatch(const Types& types, const Value& value, const Type& type,
                     const std::string& path) {
  const Table* table = value.table();
  if (table == nullptr) return expected(path, type, value);
  for (std::size_t i = 0; i < table->list.size(); ++i) {
    std::string place = path + "[" + std::to_string(i + 1) + "]";
    if (types.mismatch(static_cast<std::int64_t>(i + 1), type.parts[0], ""))
      return expected(path, type, value);
    if (Mismatch wrong = types.mismatch(table->list[i], type.parts[1], place)) return wrong;
  }
  for (const auto& [key, each] : table->fields) {
    if (types.mismatch(key, type.parts[0], "")) return expected(path, type, value);
    if (Mismatch wrong = types.mismatch(each, type.parts[1], path + "." + key)) return wrong;
  }
  return {};
}

}  // namespace

Mismatch Types::mismatch(const Value& value, const TypeRef& wanted, const std::string& path) const {
  TypeRef type = resolve(wanted);
  auto when = [&](bool fits) { return fits ? Mismatch() : expected(path, *type, value); };
  switch (type->is) {
    case Type::Is::any:
      return {};
    case Type::Is::nil:
      return when(value.isNil());
    case Type::Is::boolean:
      return when(value.boolean() != nullptr);
    case Type::Is::string:
      return when(value.string() != nullptr);
    case Type::Is::literal:
      return when(value == type->literal || (value.isNumber() && type->literal.isNumber() &&
                                             value.number() == type->literal.number()));
    case Type::Is::number:
      if (value.isNumber() && !std::isfinite(value.number())) {
        return path + ": expected a finite number, got " + value.literal();
      }
      return when(value.isNumber());
    case Type::Is::integer:
      return when(value.isNumber() && std::floor(value.number()) == value.number() &&
                  std::isfinite(value.number()));
    case Type::Is::list:
      return listMismatch(*this, value, *type, path);
    case Type::Is::map:
      return mapMismatch(*this, value, *type, path);
    case Type::Is::name:
      return classMismatch(*this, value, *find(type->name), path);
    case Type::Is::function:
      return path + ": a function cannot be passed on";
    case Type::Is::either:
      break;
  }
  Mismatch only;
  int tables = 0;
  for (const auto& part : type->parts) {
    Mismatch wrong = mismatch(value, part, path);
    if (!wrong) return {};
    TypeRef resolved = resolve(part);
    bool tableType = resolved->is == Type::Is::name || resolved->is == Type::Is::list;
    if (tableType && value.table() != nullptr && ++tables == 1) only = wrong;
  }
  // Of `Answer?` the fault inside the table says more than "expected Answer or nil".
  return tables == 1 ? only : expected(path, *type, value);
}

Value Types::masked(const Value& value, const TypeRef& wanted) const {
  const Table* table = value.table();
  if (table == nullptr) return value;
  TypeRef type = resolve(wanted);
  Table shown = *table;
  if (type->is == Type::Is::list) {
    for (Value& element : shown.list) element = masked(element, type->parts[0]);
  } else if (type->is == Type::Is::name) {
    for (const Member& field : fields(*find(type->name))) {
      for (auto& [name, element] : shown.fields) {
        if (name == field.name) {
          element = field.secret ? Value("***") : masked(element, field.type);
        }
      }
    }
  }
  return shown;
}

Value Types::sample(const Member& member, int depth) const {
  if (member.example) return *member.example;
  TypeRef type = resolve(member.type);
  if (depth > 8) return {};
  auto of = [&](const TypeRef& part) { return sample(Member{"", part}, depth + 1); };
  switch (type->is) {
    case Type::Is::any:
    case Type::Is::nil:
    case Type::Is::function:
      return {};
    case Type::Is::boolean:
      return true;
    case Type::Is::number:
      return 1.0;
    case Type::Is::integer:
      return 1;
    case Type::Is::string:
      return member.name.empty() ? "sample" : member.name;
    case Type::Is::literal:
      return type->literal;
    case Type::Is::list:
      return Table{{of(type->parts[0])}, {}};
    case Type::Is::either:
      return of(type->parts[0]);
    case Type::Is::map: {
      Value key = of(type->parts[0]), value = of(type->parts[1]);
      if (const std::string* name = key.string()) return Table{{}, {{*name, value}}};
      return Table{{value}, {}};
    }
    case Type::Is::name:
      break;
  }
  Table table;
  for (const auto& field : fields(*find(type->name))) {
    Value value = sample(field, depth + 1);
    if (!value.isNil()) table.set(field.name, std::move(value));
  }
  return table;
}

}  // namespace maitred::lua
