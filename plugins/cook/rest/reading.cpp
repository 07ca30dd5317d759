// The routes that show jobs.

#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

constexpr std::int64_t DEFAULT_LIMIT = 150;

bool flag(const Request& request, const char* name) {
  auto value = request.query.get(name);
  return value && *value == "true";
}

std::int64_t timeOf(const Request& request, const char* key) {
  std::string_view text = request.query.get(key).value_or("");
  auto time = readTime(text);
  if (!time)
    throw Refused(
        400, std::string(key) + " is neither ISO-8601 nor unix milliseconds: " + std::string(text));
  return *time;
}

// The pattern of a name filter: * is a wildcard, . is itself.
std::regex nameFilter(std::string_view filter) {
  static const std::regex ALLOWED("[.a-zA-Z0-9_*-]*");
  std::string text(filter);
  if (text.size() > 128 || !std::regex_match(text, ALLOWED)) {
    throw Refused(400,
                  "unsupported name filter " + text +
                      ", can only contain alphanumeric characters, '.', '-', '_', and '*' as a "
                      "wildcard");
  }
  std::string pattern;
  for (char c : text) {
    if (c == '*' && pattern.ends_with(".*")) continue;  // ** means the same, at another price
    pattern += c == '.' ? "[.]" : c == '*' ? ".*" : std::string(1, c);
  }
  return std::regex(pattern);
}

bool inState(const Job& job, std::string_view state) {
  return state == name(job.state) || state == outcome(job);
}

}  // namespace

std::vector<Uuid> Rest::uuids(const std::vector<std::string_view>& texts) const {
  if (texts.size() > settings.limits.jobsPerRequest) {
    throw Refused(400, "at most " + std::to_string(settings.limits.jobsPerRequest) +
                           " ids are allowed in one request");
  }
  std::vector<Uuid> ids;
  for (std::string_view text : texts) {
    auto id = Uuid::parse(text);
    if (!id) throw Refused(400, "not a UUID: " + std::string(text.substr(0, 100)));
    ids.push_back(*id);
  }
  return ids;
}

std::vector<Job*> Rest::selected(const Request&, const std::string& user,
                                 const std::vector<Uuid>& ids, const char* what, bool partial) {
  std::vector<Job*> found;
  std::string forbidden, missing;
  for (const Uuid& id : ids) {
    Job* job = queue.book().find(id);
    if (!settings.access.allows(user, Verb::get, job == nullptr ? "" : job->spec.user)) {
      forbidden += " " + id.text();
    } else if (job == nullptr) {
      missing += "\n" + id.text();
    } else {
      found.push_back(job);
    }
  }
  if (!forbidden.empty()) {
    throw Refused(403, "You are not authorized to view / access the following jobs:" + forbidden);
  }
  if (!missing.empty() && (!partial || found.empty())) {
    throw Refused(404,
                  std::string("The following UUIDs don't correspond to a ") + what + ":" + missing);
  }
  return found;
}

kj::Promise<Response> Rest::jobs(Request& request, const std::string& user) {
  if (!request.query.has("uuid")) return Response::json(200, listing(request, user));
  auto found =
      selected(request, user, uuids(request.query.all("uuid")), "job", flag(request, "partial"));
  json list = json::array();
  for (const Job* job : found) list.push_back(render(*job, renderOptions(true)));
  return Response::json(200, list);
}

kj::Promise<Response> Rest::job(Request& request, const std::string& user) {
  auto found = selected(request, user, uuids({request.param("uuid")}), "job", false);
  return Response::json(200, render(*found.front(), renderOptions(true)));
}

kj::Promise<Response> Rest::rawGet(Request& request, const std::string& user) {
  auto ids = uuids(request.query.all("job"));
  auto instances = uuids(request.query.all("instance"));
  bool partial = flag(request, "partial");
  if (ids.empty() && instances.empty()) {
    throw Refused(400, "must supply at least one job or instance query param");
  }
  std::vector<Job*> found;
  std::string missing, forbidden;
  auto take = [&](const Uuid& id, Job* job, const char* what) {
    if (!settings.access.allows(user, Verb::get, job == nullptr ? "" : job->spec.user)) {
      forbidden += " " + id.text();
    } else if (job != nullptr) {
      found.push_back(job);
    } else if (missing.empty()) {
      missing = "UUID " + id.text() + " didn't correspond to " + what;
    }
  };
  for (const Uuid& id : ids) take(id, queue.book().find(id), "a job");
  for (const Uuid& id : instances) take(id, queue.book().findTask(id).job, "an instance");
  if (!forbidden.empty()) {
    throw Refused(403, "You are not authorized to view / access the following jobs:" + forbidden);
  }
  if (!missing.empty() && (!partial || found.empty())) throw Refused(404, missing);
  json list = json::array();
  for (const Job* job : found) list.push_back(render(*job, renderOptions(false)));
  return Response::json(200, list);
}

json Rest::listing(const Request& request, const std::string& user) {
  auto states = request.query.all("state");
  auto owner = request.query.get("user");
  if (states.empty() || !owner || !request.query.has("start") || !request.query.has("end")) {
    throw Refused(400, "must supply the state, user name, start time, and end time");
  }
  for (std::string_view state : states) {
    static const std::set<std::string_view> KNOWN{"running", "waiting", "completed", "success",
                                                  "failed"};
    if (!KNOWN.contains(state)) {
      throw Refused(400, "unsupported state in " + std::string(state) +
                             ", must be one of: completed, failed, running, success, waiting");
    }
  }
  std::regex names = nameFilter(request.query.get("name").value_or("*"));
  std::int64_t start = timeOf(request, "start"), end = timeOf(request, "end");
  std::int64_t limit = DEFAULT_LIMIT;
  if (auto text = request.query.get("limit")) limit = readTime(*text).value_or(0);
  if (!settings.access.allows(user, Verb::get, std::string(*owner))) {
    throw Refused(403, "You are not authorized to list jobs for " + std::string(*owner));
  }
  if (limit <= 0) throw Refused(403, "limit must be positive");
  if (start > end) {
    throw Refused(403, "start-ms (" + std::to_string(start) + ") must be before end-ms (" +
                           std::to_string(end) + ")");
  }
  std::string_view pool =
      request.query.get("pool").value_or(request.header("x-cook-pool").value_or(""));
  limit = std::min<std::int64_t>(limit, settings.limits.jobsPerRequest);
  // The oldest of each state are taken, and the newest of them shown first.
  std::map<std::pair<std::int64_t, std::uint64_t>, const Job*, std::greater<>> found;
  const Book::Window* window = queue.book().submittedBy(std::string(*owner));
  if (window == nullptr) return json::array();
  for (std::string_view state : states) {
    std::int64_t count = 0;
    for (auto at = window->lower_bound({start, 0}); at != window->end(); ++at) {
      const Job& job = *at->second;
      if (job.submittedMs >= end || count == limit) break;
      bool inPool = pool.empty() || pool == job.spec.pool || pool == job.spec.submitPool;
      if (!inPool || !inState(job, state) || !std::regex_match(job.spec.name, names)) continue;
      ++count;
      found.emplace(at->first, &job);
    }
  }
  json list = json::array();
  for (const auto& [key, job] : found) {
    if (static_cast<std::int64_t>(list.size()) == limit) break;
    list.push_back(render(*job, renderOptions(true)));
  }
  return list;
}

}  // namespace maitred::cook
