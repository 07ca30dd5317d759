#pragma once
// Cook's REST interface: the routes, and what all of them share. Decisions fall in Cook's order:
// malformed (400), not allowed (403), exists or not (404, 409).

#include "access.h"
#include "render.h"
#include "submission.h"

#include <queue/batch-queue.h>

#include <regex>

namespace maitred::cook {

struct RestSettings {
  AccessRules access;
  JobLimits limits;
  std::vector<std::string> corsOrigins;
  std::string authenticationScheme;  // "one-user", "http-basic"
  std::string leaderUrl;
  std::string version;
  std::int64_t startedMs = 0;
  std::string startedAt;  // ISO-8601
};

class Rest {
 public:
  // Both must outlive the router's server. `settings` may change between requests.
  Rest(BatchQueue& queue, const RestSettings& settings) : queue(queue), settings(settings) {}
  KJ_DISALLOW_COPY(Rest);

  http::Router router();

 private:
  BatchQueue& queue;
  const RestSettings& settings;
  std::string regexText;  // the origins that `origins` was made of
  std::vector<std::regex> origins;

  using Method = kj::Promise<http::Response> (Rest::*)(http::Request&, const std::string& user);
  // Finds out on whose behalf, and turns refusals into responses.
  http::Handler as(Method method);

  kj::Promise<http::Response> submit(http::Request& request, const std::string& user);
  kj::Promise<http::Response> jobs(http::Request& request, const std::string& user);
  kj::Promise<http::Response> job(http::Request& request, const std::string& user);
  kj::Promise<http::Response> rawGet(http::Request& request, const std::string& user);
  kj::Promise<http::Response> kill(http::Request& request, const std::string& user);
  kj::Promise<http::Response> pools(http::Request& request, const std::string& user);
  kj::Promise<http::Response> failureReasons(http::Request& request, const std::string& user);
  kj::Promise<http::Response> showSettings(http::Request& request, const std::string& user);
  http::Response info();

  nlohmann::json listing(const http::Request& request, const std::string& user);
  std::vector<Job*> selected(const http::Request& request, const std::string& user,
                             const std::vector<Uuid>& ids, const char* what, bool partial);
  void checkPool(const std::string& name) const;
  void checkGroups(const Submission& submission) const;
  RenderOptions renderOptions(bool groupsWithNames) const;
  std::vector<Uuid> uuids(const std::vector<std::string_view>& texts) const;
  bool allowed(const std::string& origin, const http::Request& request);
  kj::Maybe<http::Response> crossOrigin(http::Request& request);
};

}  // namespace maitred::cook
