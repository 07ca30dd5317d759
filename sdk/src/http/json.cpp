#include <maitred/http/error.h>
#include <maitred/http/json.h>

#include <nlohmann/json.hpp>

namespace maitred::http {

namespace {

using nlohmann::json;

// Builds the document while it watches depth and keys. The parser itself does not recurse.
class Builder final : public nlohmann::json_sax<json> {
 public:
  explicit Builder(size_t maxDepth) : maxDepth(maxDepth) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }   // does not occur in JSON text

  bool start_object(size_t) override { return open(json::object()); }
  bool start_array(size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (stack.back()->contains(name)) {
      error = "at " + path() + ": the key '" + name + "' occurs twice";
      return false;
    }
    member = std::move(name);
    return true;
  }

  bool parse_error(size_t position, const std::string&, const json::exception& exception) override {
    std::string_view text = exception.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
    size_t bracket = text.find("] ");
    error = text.substr(bracket == text.npos ? 0 : bracket + 2);
    error += " (byte " + std::to_string(position) + ")";
    return false;
  }

  json root;
  std::string error;

 private:
  json* place(json&& value) {
    if (stack.empty()) return &(root = std::move(value));
    if (stack.back()->is_array()) {
      stack.back()->push_back(std::move(value));
      return &stack.back()->back();
    }
    return &((*stack.back())[member] = std::move(value));
  }
  bool put(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json value) {
    if (stack.size() >= maxDepth) {
      error = "at " + path() + ": nested deeper than " + std::to_string(maxDepth) + " levels";
      return false;
    }
    // An element has no name: to keep the latest key for each would cost as much as it is long.
    bool named = !stack.empty() && stack.back()->is_object();
    names.push_back(named ? member : std::string());
    stack.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    stack.pop_back();
    names.pop_back();
    return true;
  }

  // Where the parser stands, as a JSON pointer: "/jobs/3/env". Long paths keep their end.
  std::string path() const {
    std::string result;
    for (size_t i = 1; i < stack.size(); ++i) {
      const json& parent = *stack[i - 1];
      result += "/" + (parent.is_array() ? std::to_string(parent.size() - 1) : names[i]);
    }
    if (result.size() > 200) result = "…" + result.substr(result.size() - 200);
    return result.empty() ? "the top level" : result;
  }

  size_t maxDepth;
  std::vector<json*> stack;          // open arrays and objects
  std::vector<std::string> names;    // the key under which each was opened
  std::string member;                // the key of the next value in an object
};

}  // namespace

nlohmann::json parseJson(std::string_view text, size_t maxDepth) {
  if (text.empty()) throw HttpError(400, "JSON: expected a document, got an empty body");
  // The parser would take a NUL for the end.
  if (text.find('\0') != text.npos) throw HttpError(400, "JSON: NUL bytes are not allowed");
  Builder builder(maxDepth);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    throw HttpError(400, "JSON: " + builder.error);
  }
  return std::move(builder.root);
}

}  // namespace maitred::http
