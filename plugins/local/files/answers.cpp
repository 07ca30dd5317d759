#include "answers.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace maitred::local {

namespace {

constexpr size_t STEP = 64 << 10;
constexpr size_t BROWSE_MAX = 16 << 20;

std::string jsonText(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

size_t wholeCharacters(std::string_view data) {
  for (size_t back = 1; back <= std::min<size_t>(3, data.size()); ++back) {
    auto byte = static_cast<unsigned char>(data[data.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back && back < data.size() ? data.size() - back : data.size();
  }
  return data.size();
}

std::string readAnswer(std::string_view data, uint64_t offset, size_t most) {
  std::string body = "{\"data\":\"";
  for (size_t at = 0; at < data.size();) {
    auto piece = data.substr(at, STEP);
    if (at + piece.size() < data.size()) piece = piece.substr(0, wholeCharacters(piece));
    auto text = jsonText(piece);
    if (at > 0 && body.size() + text.size() > most) break;
    body.append(text, 1, text.size() - 2);  // without its quotes
    at += piece.size();
  }
  body += "\",\"offset\":" + std::to_string(offset) + "}";
  body.shrink_to_fit();  // it may be kept for a while
  return body;
}

std::string browseAnswer(const std::string& sandbox, const std::vector<FileFacts>& entries) {
  std::string body = "[";
  for (auto& one : entries) {
    auto text = jsonText({{"path", sandbox + "/" + one.path},
                          {"mode", modeText(one.mode)},
                          {"nlink", one.links},
                          {"uid", one.owner},
                          {"gid", one.group},
                          {"size", one.size},
                          {"mtime", one.modifiedAt / 1'000'000'000}});
    if (body.size() + text.size() > BROWSE_MAX) break;
    if (body.size() > 1) body += ',';
    body += text;
  }
  body += ']';
  body.shrink_to_fit();
  return body;
}

}  // namespace maitred::local
