#include <maitred/lua/value.h>

#include <cctype>
#include <charconv>
#include <cmath>

namespace maitred::lua {

namespace {

void appendQuoted(std::string& out, const std::string& text) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (byte < 32 || byte == 127) {
      // Three digits always, so that a digit that follows is not taken for a part of it.
      out += '\\';
      for (int unit : {100, 10, 1}) out += static_cast<char>('0' + byte / unit % 10);
    } else {
      out += c;
    }
  }
  out += '"';
}

void appendNumber(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "(0/0)";
  } else if (std::isinf(number)) {
    out += number > 0 ? "math.huge" : "-math.huge";
  } else {
    char text[32];
    auto end = std::to_chars(text, text + sizeof text, number)
                   .ptr;  // the shortest that reads back the same
    out.append(text, end);
  }
}

bool isName(const std::string& text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  for (char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  }
  return true;
}

void append(std::string& out, const Value& value, std::size_t limit) {
  if (out.size() > limit) return;
  if (value.isNil()) {
    out += "nil";
  } else if (const bool* flag = value.boolean()) {
    out += *flag ? "true" : "false";
  } else if (const std::int64_t* integer = value.integer()) {
    out += std::to_string(*integer);
  } else if (value.isNumber()) {
    appendNumber(out, value.number());
  } else if (const std::string* text = value.string()) {
    appendQuoted(out, text->size() > limit ? text->substr(0, limit) + "…" : *text);
  } else {
    const Table& table = *value.table();
    const char* between = "";
    out += '{';
    for (const auto& element : table.list) {
      if (out.size() > limit) break;
      out += std::exchange(between, ", ");
      append(out, element, limit);
    }
    for (const auto& [name, element] : table.fields) {
      if (out.size() > limit) break;
      out += std::exchange(between, ", ");
      if (isName(name)) {
        out += name;
      } else {
        out += '[';
        appendQuoted(out, name);
        out += ']';
      }
      out += " = ";
      append(out, element, limit);
    }
    out += out.size() > limit ? "…}" : "}";
  }
}

}  // namespace

Value::Value(Table v) : data(std::make_shared<const Table>(std::move(v))) {}

const Table* Value::table() const {
  auto held = std::get_if<std::shared_ptr<const Table>>(&data);
  return held == nullptr ? nullptr : held->get();
}

double Value::number(double otherwise) const {
  if (const auto* integer = std::get_if<std::int64_t>(&data)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&data)) return *real;
  return otherwise;
}

bool Value::truthy() const {
  const bool* flag = boolean();
  return flag != nullptr ? *flag : !isNil();
}

const char* Value::typeName() const {
  static constexpr const char* names[] = {"nil", "boolean", "number", "number", "string", "table"};
  return names[data.index()];
}

std::string Value::literal(std::size_t limit) const {
  std::string out;
  append(out, *this, limit);
  return out;
}

bool Value::operator==(const Value& other) const {
  if (isNumber() && other.isNumber()) {
    if (integer() != nullptr && other.integer() != nullptr) return *integer() == *other.integer();
    return number() == other.number();
  }
  const Table* mine = table();
  const Table* theirs = other.table();
  if (mine != nullptr && theirs != nullptr) return *mine == *theirs;
  return data == other.data;
}

const Value* Table::find(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace maitred::lua
