#include "api.h"

#include "failure.h"

#include <maitred/http/query.h>

#include <kj/debug.h>
#include <kj/encoding.h>

namespace maitred::cook::cli {
namespace {

constexpr size_t kUuidsPerQuery = 100;  // keeps the request line short

std::string parameter(const char* name, const std::string& value) {
  return std::string(name) + "=" + kj::encodeUriComponent(kj::StringPtr(value.c_str())).cStr();
}

std::string queryOf(const Api::Parameters& parameters) {
  std::string text;
  for (const auto& [key, value] : parameters) {
    if (!value.empty()) text += (text.empty() ? "?" : "&") + parameter(key, value);
  }
  return text;
}

// What the server says went wrong, in its own words.
std::string textOf(const http::ClientResponse& response) {
  json parsed = json::parse(response.body, nullptr, false);
  if (parsed.is_object()) {
    for (const char* key : {"error", "errors", "message"}) {
      auto found = parsed.find(key);
      if (found != parsed.end())
        return found->is_string() ? found->get<std::string>() : found->dump();
    }
  }
  return response.body.empty() ? "status " + std::to_string(response.status) : response.body;
}

}  // namespace

Api::Api(Connection connection)
    : io(kj::setupAsyncIo()),
      base(std::move(connection.url)),
      user(std::move(connection.user)),
      authorization(std::move(connection.authorization)) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  if (base.find("://") == std::string::npos) base = "http://" + base;
  KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&]() {
                 options.tls = std::make_shared<tls::Connector>(connection.tls);
               })) {
    throw Failure(Exit::usage, problem->getDescription().cStr());
  }
}

bool Api::mayKnowCredentials(const std::string& target) const {
  return target.starts_with("https://") || !base.starts_with("https://");
}

void Api::checkUser() {
  if (user.empty() || userChecked) return;
  userChecked = true;
  send("GET", "/pools");
}

http::ClientResponse Api::send(const std::string& method, const std::string& path,
                               const std::string& body) {
  if (method != "GET") checkUser();
  http::ClientRequest request;
  request.method = method;
  request.url = path.find("://") == std::string::npos ? base + path : path;
  request.body = body;
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!user.empty()) request.headers.emplace_back("X-Cook-Impersonate", user);
  if (!authorization.empty() && mayKnowCredentials(request.url)) {
    request.headers.emplace_back("Authorization", authorization);
  }
  http::Client client(io.provider->getNetwork(), timer(), options);
  http::ClientResponse response;
  KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&]() {
                 response = client.send(std::move(request)).wait(io.waitScope);
               })) {
    throw Failure(Exit::unreachable, problem->getDescription().cStr());
  }
  auto actual = response.header("X-Cook-User");
  if (!user.empty() && actual &&
      *actual != http::percentEncode(user.substr(0, user.find_first_of("/@")))) {
    throw Failure(Exit::no, "the queue acts for " + std::string(*actual) + " and not for " + user +
                                ": nobody may act for others there until its configuration names "
                                "`impersonators`; leave out --user and $MAITRED_COOK_USER to go "
                                "on as " +
                                std::string(*actual));
  }
  return response;
}

json Api::get(const char* path, const Parameters& parameters) {
  return answer(send("GET", path + queryOf(parameters)));
}

void Api::remove(const char* path, const Parameters& parameters) {
  auto response = send("DELETE", path + queryOf(parameters));
  if (response.status == 503) throw Failure(Exit::unreachable, textOf(response));
  if (response.status >= 300) throw Failure(Exit::no, textOf(response));
}

json Api::change(const char* method, const char* path, const json& body) {
  return answer(send(method, path, body.dump()));
}

json Api::answer(const http::ClientResponse& response) {
  if (response.status == 503) throw Failure(Exit::unreachable, textOf(response));
  if (response.status >= 300) throw Failure(Exit::no, textOf(response));
  json parsed = json::parse(response.body, nullptr, false);
  if (parsed.is_discarded())
    throw Failure(Exit::no, "the server's answer is not JSON: " + response.body);
  return parsed;
}

void Api::submit(const json& jobs, const std::string& pool) {
  json body = {{"jobs", jobs}};
  if (!pool.empty()) body["pool"] = pool;
  auto response = send("POST", "/jobs", body.dump());
  if (response.status == 503) throw Failure(Exit::unreachable, textOf(response));
  if (response.status != 201) throw Failure(Exit::no, textOf(response));
}

json Api::jobs(const std::vector<std::string>& uuids, bool partial) {
  json all = json::array();
  for (size_t begin = 0; begin < uuids.size(); begin += kUuidsPerQuery) {
    std::string path = partial ? "/jobs?partial=true" : "/jobs?partial=false";
    for (size_t i = begin; i < std::min(uuids.size(), begin + kUuidsPerQuery); ++i) {
      path += "&" + parameter("uuid", uuids[i]);
    }
    for (auto& job : answer(send("GET", path))) all.push_back(std::move(job));
  }
  return all;
}

json Api::list(const ListQuery& query) {
  std::string path =
      "/jobs?" + parameter("user", query.user) + "&start=" + std::to_string(query.startMs) +
      "&end=" + std::to_string(query.endMs) + "&limit=" + std::to_string(query.limit);
  for (auto& state : query.states) path += "&" + parameter("state", state);
  if (!query.name.empty()) path += "&" + parameter("name", query.name);
  return answer(send("GET", path));
}

void Api::kill(const std::vector<std::string>& uuids) {
  for (size_t begin = 0; begin < uuids.size(); begin += kUuidsPerQuery) {
    std::string path = "/rawscheduler";
    for (size_t i = begin; i < std::min(uuids.size(), begin + kUuidsPerQuery); ++i) {
      path += (i == begin ? "?" : "&") + parameter("job", uuids[i]);
    }
    auto response = send("DELETE", path);
    if (response.status == 503) throw Failure(Exit::unreachable, textOf(response));
    if (response.status >= 300) throw Failure(Exit::no, textOf(response));
  }
}

Api::Piece Api::read(const std::string& outputUrl, const std::string& file, int64_t offset,
                     uint32_t length) {
  std::string url = outputUrl + "%2F" + kj::encodeUriComponent(kj::StringPtr(file.c_str())).cStr() +
                    "&offset=" + std::to_string(offset);
  if (offset >= 0) url += "&length=" + std::to_string(length);
  json piece = answer(send("GET", url));
  return {piece.value("data", ""), piece.value("offset", uint64_t(0))};
}

json Api::jobsPatiently(const std::vector<std::string>& uuids, kj::TimePoint deadline,
                        kj::Function<void(bool away)>& notice) {
  bool away = false;
  auto rest = 200 * kj::MILLISECONDS;
  for (;;) {
    try {
      json found = jobs(uuids, false);
      if (away) notice(false);
      return found;
    } catch (const Failure& failure) {
      if (failure.exit != Exit::unreachable || timer().now() + rest >= deadline) throw;
    }
    if (!away) notice(true);
    away = true;
    pause(rest);
    rest = kj::min(rest * 2, 2 * kj::SECONDS);
  }
}

}  // namespace maitred::cook::cli
