#include <maitred/http/response.h>
#include <maitred/http/wire.h>

#include <nlohmann/json.hpp>

namespace maitred::http {

namespace {

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Response typed(unsigned status, std::string_view type, std::string body) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", type);
  response.body = std::move(body);
  return response;
}

}  // namespace

Response Response::json(unsigned status, const nlohmann::json& value) {
  return rawJson(status, dump(value));
}

Response Response::rawJson(unsigned status, std::string body) {
  return typed(status, "application/json", std::move(body));
}

Response Response::text(unsigned status, std::string body) {
  return typed(status, "text/plain; charset=utf-8", std::move(body));
}

Response Response::html(unsigned status, std::string body) {
  return typed(status, "text/html; charset=utf-8", std::move(body));
}

Response Response::empty(unsigned status) {
  Response response;
  response.status = status;
  return response;
}

Response Response::error(unsigned status, std::string_view message) {
  return json(status, nlohmann::json{{"error", message}});
}

Response Response::streamed(unsigned status, std::string contentType,
                            std::optional<uint64_t> length,
                            kj::Function<kj::Promise<void>(kj::AsyncOutputStream&)> write) {
  Response response = typed(status, contentType, {});
  response.stream.emplace(Stream{length, kj::mv(write)});
  return response;
}

Response&& Response::with(std::string name, std::string value) && {
  headers.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

void Response::set(std::string_view name, std::string value) {
  std::erase_if(headers, [&](const Header& header) { return sameText(header.first, name); });
  headers.emplace_back(name, std::move(value));
}

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (auto& [key, value] : headers) {
    if (sameText(key, name)) return value;
  }
  return std::nullopt;
}

}  // namespace maitred::http
