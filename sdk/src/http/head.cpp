// The head of a request: where it ends, and what it says.
#include <maitred/http/wire.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace maitred::http {

namespace {

enum : unsigned char { token = 1, fieldByte = 2, visible = 4 };

// One table look-up classifies a byte. Field values may hold visible ASCII, blanks, and bytes from
// 128 up (opaque, as in RFC 9110); never other controls or DEL.
constexpr std::array<unsigned char, 256> makeClasses() {
  std::array<unsigned char, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    if (c > 0x20 && c < 0x7f) classes[c] |= visible | fieldByte;
    if (c == ' ' || c == '\t' || c >= 0x80) classes[c] |= fieldByte;
    bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric) classes[c] |= token;
  }
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) {
    classes[static_cast<unsigned char>(c)] |= token;
  }
  return classes;
}
constexpr auto classes = makeClasses();

bool allOf(std::string_view text, unsigned char wanted) {
  for (unsigned char c : text) {
    if ((classes[c] & wanted) == 0) return false;
  }
  return true;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<WireError> bad(std::string message) { return WireError{400, std::move(message)}; }

std::optional<WireError> parseRequestLine(std::string_view line, RequestHead& head) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == line.npos || first == last) {
    return bad("request line: expected 'METHOD target HTTP/1.1' with single spaces");
  }
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  std::string_view version = line.substr(last + 1);
  if (head.method.empty() || head.method.size() > 32 || !allOf(head.method, token)) {
    return bad("request line: the method is not a token of at most 32 characters");
  }
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || version[6] != '.') {
    return bad("request line: expected the version HTTP/1.1 or HTTP/1.0");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return WireError{505, "this server speaks HTTP/1.1 and HTTP/1.0"};
  }
  head.minorVersion = version[7] == '1' ? 1 : 0;
  if (head.target.empty() || !allOf(head.target, visible)) {
    return bad("request line: the target may hold visible ASCII only; percent-encode the rest");
  }
  if (head.target.find('#') != head.target.npos) {
    return bad("request line: a fragment ('#') is not sent to servers");
  }
  if (head.target.front() != '/' && !(head.target == "*" && head.method == "OPTIONS")) {
    return bad("request line: expected a target that starts with '/'; this server is no proxy");
  }
  return std::nullopt;
}

std::optional<WireError> parseLength(std::string_view value, RequestHead& head) {
  if (head.contentLength) return bad("Content-Length: given twice");
  // 18 digits fit into 64 bits; "+5", "-1", "5, 5" and "0x5" fail the digit test.
  if (value.empty() || value.size() > 18 ||
      !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return bad("Content-Length: expected one decimal number of at most 18 digits");
  }
  uint64_t length = 0;
  for (char c : value) length = length * 10 + static_cast<uint64_t>(c - '0');
  head.contentLength = length;
  return std::nullopt;
}

// "close", "keep-alive, x": tokens between commas. Empty elements are allowed, as RFC 9110 asks.
bool isTokenList(std::string_view list) {
  while (true) {
    size_t comma = std::min(list.find(','), list.size());
    if (!allOf(trim(list.substr(0, comma)), token)) return false;
    if (comma == list.size()) return true;
    list.remove_prefix(comma + 1);
  }
}

std::optional<WireError> parseField(std::string_view line, RequestHead& head, bool& host) {
  size_t colon = line.find(':');
  std::string_view name = line.substr(0, std::min(colon, line.size()));
  if (colon == line.npos || !validFieldName(name)) {
    return bad("header line " + std::to_string(head.fields.size() + 1) +
               ": expected 'Name: value', the name a token, no blank before the colon");
  }
  std::string_view value = trim(line.substr(colon + 1));
  if (!validFieldValue(value)) {
    return bad("header " + std::string(name) + ": control characters are not allowed");
  }
  head.fields.add({name, value});
  if (sameText(name, "content-length")) return parseLength(value, head);
  if (sameText(name, "transfer-encoding")) {
    if (head.chunked) return bad("Transfer-Encoding: given twice");
    if (!sameText(value, "chunked")) {
      return WireError{501, "Transfer-Encoding: only 'chunked' is understood"};
    }
    head.chunked = true;
  } else if (sameText(name, "host")) {
    if (host) return bad("Host: given twice");
    if (value.find_first_of(" \t,/?#@") != value.npos) return bad("Host: expected name[:port]");
    host = true;
  } else if (sameText(name, "connection")) {
    if (!isTokenList(value)) return bad("Connection: expected tokens separated by commas");
  } else if (sameText(name, "expect")) {
    if (!sameText(value, "100-continue")) {
      return WireError{417, "Expect: only '100-continue' is understood"};
    }
    head.expectContinue = true;
  }
  return std::nullopt;
}

}  // namespace

bool sameText(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return lower(x) == lower(y);
         });
}

bool validFieldName(std::string_view name) { return !name.empty() && allOf(name, token); }
bool validFieldValue(std::string_view value) { return allOf(value, fieldByte); }

std::optional<std::string_view> Fields::get(std::string_view name) const {
  for (auto& field : list) {
    if (sameText(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Fields::all(std::string_view name) const {
  std::vector<std::string_view> result;
  for (auto& field : list) {
    if (sameText(field.name, name)) result.push_back(field.value);
  }
  return result;
}

bool Fields::hasToken(std::string_view name, std::string_view wanted) const {
  for (auto& field : list) {
    if (!sameText(field.name, name)) continue;
    std::string_view rest = field.value;
    while (true) {
      size_t comma = std::min(rest.find(','), rest.size());
      if (sameText(trim(rest.substr(0, comma)), wanted)) return true;
      if (comma == rest.size()) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

size_t HeadScanner::refuse(unsigned status, std::string message) {
  problem = WireError{status, std::move(message)};
  return 0;
}

// The caps hold whether or not the offending line has ended yet.
size_t HeadScanner::refuseSize() {
  if (lines == 0) {
    return refuse(414, "the request line is longer than " + std::to_string(limits.requestLine) +
                           " bytes");
  }
  return refuse(431, "the headers are longer than " + std::to_string(limits.headers) + " bytes");
}

size_t HeadScanner::scan(std::string_view seen) {
  if (problem) return 0;
  if (position == 0 && !seen.empty() && !allOf(seen.substr(0, 1), token)) {
    return refuse(400, "expected a request line that begins with a method");   // TLS, perhaps
  }
  while (position < seen.size()) {
    auto* found = static_cast<const char*>(
        std::memchr(seen.data() + position, '\n', seen.size() - position));
    if (found == nullptr) {
      position = seen.size();
      break;
    }
    size_t newline = static_cast<size_t>(found - seen.data());
    position = newline + 1;
    if (lines == 0 && position > limits.requestLine) return refuseSize();
    if (position > limits.headers) return refuseSize();
    if (newline == lineStart || seen[newline - 1] != '\r') {
      return refuse(400, "line " + std::to_string(lines + 1) + ": expected CR LF at its end");
    }
    if (newline - 1 == lineStart) {
      return position;
    }
    if (lines > 0 && (seen[lineStart] == ' ' || seen[lineStart] == '\t')) {
      return refuse(400, "line " + std::to_string(lines + 1) + ": folded headers are not allowed");
    }
    if (lines > limits.headerCount) {
      return refuse(431, "more than " + std::to_string(limits.headerCount) + " header lines");
    }
    ++lines;
    lineStart = position;
  }
  size_t cap = lines == 0 ? std::min(limits.requestLine, limits.headers) : limits.headers;
  return seen.size() >= cap ? refuseSize() : 0;
}

std::optional<WireError> parseRequestHead(std::string_view bytes, RequestHead& head) {
  head = RequestHead();
  bool host = false;
  for (size_t line = 0;; ++line) {
    size_t end = bytes.find("\r\n");
    if (end == bytes.npos) return bad("the head has no end");
    if (end == 0 && line > 0) break;
    auto problem = line == 0 ? parseRequestLine(bytes.substr(0, end), head)
                             : parseField(bytes.substr(0, end), head, host);
    if (problem) return problem;
    bytes.remove_prefix(end + 2);
  }
  if (head.chunked && head.contentLength) {
    return bad("Content-Length and Transfer-Encoding exclude each other");
  }
  if (head.minorVersion == 0) {
    if (head.chunked) return bad("Transfer-Encoding: not defined in HTTP/1.0");
    head.expectContinue = false;   // RFC 9110: to be ignored from an HTTP/1.0 client
    head.keepAlive = false;
  } else {
    if (!host) return bad("Host: missing");
    head.keepAlive = !head.fields.hasToken("connection", "close");
  }
  return std::nullopt;
}

}  // namespace maitred::http
