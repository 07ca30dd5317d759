// The routes that list a user's jobs: GET /jobs without ids, and the old GET /list.

#include "answer-size.h"
#include "parameters.h"
#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

struct Rest::Window {
  std::string user;
  std::vector<std::string> states;
  std::int64_t startMs = 0, endMs = 0;  // by time of submission; the end is not part of it
  std::int64_t limit = 150;             // of each state
  NameFilter names;
  std::string pool;  // empty: all
};

namespace {

constexpr std::int64_t HOURS_MOST = 168;
constexpr std::int64_t MS_PER_HOUR = 3'600'000;

void checkStates(const std::vector<std::string>& states) {
  static const std::set<std::string_view> KNOWN{"running", "waiting", "completed", "success",
                                                "failed"};
  std::string all;
  for (const std::string& state : states) all += (all.empty() ? "" : " ") + state;
  for (const std::string& state : states) {
    if (KNOWN.contains(state)) continue;
    throw Refused(400, "unsupported state in " + all.substr(0, 200) +
                           ", must be one of: completed, failed, running, success, waiting");
  }
}

void checkRange(std::int64_t limit, std::int64_t start, std::int64_t end) {
  if (limit <= 0) throw Refused(403, "limit must be positive");
  if (start > end) {
    throw Refused(403, "start-ms (" + std::to_string(start) + ") must be before end-ms (" +
                           std::to_string(end) + ")");
  }
}

bool inState(const Job& job, std::string_view state) {
  return state == name(job.state) || state == outcome(job);
}

}  // namespace

// The oldest of each state are taken, and the newest of them shown first.
std::vector<const Job*> Rest::select(const Window& wanted) const {
  std::map<std::pair<std::int64_t, std::uint64_t>, const Job*, std::greater<>> found;
  const Book::Window* window = queue.book().submittedBy(wanted.user);
  std::int64_t limit = std::min<std::int64_t>(wanted.limit, settings.limits.jobsPerRequest);
  if (window == nullptr) return {};
  for (const std::string& state : std::set(wanted.states.begin(), wanted.states.end())) {
    std::int64_t count = 0;
    for (auto at = window->lower_bound({wanted.startMs, 0}); at != window->end(); ++at) {
      const Job& job = *at->second;
      if (job.submittedMs >= wanted.endMs || count == limit) break;
      bool inPool =
          wanted.pool.empty() || wanted.pool == job.spec.pool || wanted.pool == job.spec.submitPool;
      if (!inPool || !inState(job, state) || !wanted.names.matches(job.spec.name)) {
        continue;
      }
      ++count;
      found.emplace(at->first, &job);
    }
  }
  std::vector<const Job*> jobs;
  AnswerSize size;
  for (const auto& [key, job] : found) {
    if (static_cast<std::int64_t>(jobs.size()) == limit) break;
    size.add(*job);
    jobs.push_back(job);
  }
  return jobs;
}

json Rest::listing(const Request& request, const Caller& caller) const {
  Window wanted;
  for (std::string_view state : request.query.all("state")) wanted.states.emplace_back(state);
  auto owner = request.query.get("user");
  if (wanted.states.empty() || !owner || !request.query.has("start") || !request.query.has("end")) {
    throw Refused(400, "must supply the state, user name, start time, and end time");
  }
  wanted.user = *owner;
  checkStates(wanted.states);
  wanted.names = nameFilter(request.query.get("name").value_or("*"));
  wanted.startMs = timeOf(request, "start");
  wanted.endMs = timeOf(request, "end");
  wanted.limit = numberOf(request, "limit").value_or(wanted.limit);
  if (!settings.access.allows(caller, Verb::get, Item::job, wanted.user)) {
    throw Refused(403, "You are not authorized to list jobs for " + wanted.user);
  }
  checkRange(wanted.limit, wanted.startMs, wanted.endMs);
  wanted.pool = request.query.get("pool").value_or(request.header("x-cook-pool").value_or(""));
  json list = json::array();
  for (const Job* job : select(wanted)) {
    list.push_back(render(*job, renderOptions(RenderOptions::Form::jobs)));
  }
  return list;
}

Rest::Answer Rest::list(Request& request, const Caller& caller) {
  Window wanted;
  auto owner = request.query.get("user"), state = request.query.get("state");
  if (!owner || !state) throw Refused(400, "must supply the state and the user name");
  wanted.user = *owner;
  // One text, joined by `+`.
  for (std::size_t begin = 0; begin <= state->size();) {
    std::size_t end = std::min(state->find('+', begin), state->size());
    wanted.states.emplace_back(state->substr(begin, end - begin));
    begin = end + 1;
  }
  checkStates(wanted.states);
  wanted.names = nameFilter(request.query.get("name").value_or("*"));
  std::int64_t hours = numberOf(request, "since-hours-ago").value_or(24);
  wanted.limit = numberOf(request, "limit").value_or(std::numeric_limits<std::int64_t>::max());
  bool range = request.query.has("start-ms");
  std::int64_t now = queue.nowMs();
  wanted.endMs = numberOf(request, "end-ms").value_or(now + 1);
  wanted.startMs = range ? numberOf(request, "start-ms").value_or(0) : 0;
  if (!settings.access.allows(caller, Verb::get, Item::job, wanted.user)) {
    throw Refused(403, "You are not authorized to list jobs for " + wanted.user);
  }
  if (!range && (hours < 0 || hours > HOURS_MOST)) {
    throw Refused(403, "since-hours-ago must be between 0 and " + std::to_string(HOURS_MOST));
  }
  if (!range) wanted.startMs = now - hours * MS_PER_HOUR;
  checkRange(wanted.limit, wanted.startMs, wanted.endMs);
  json list = json::array();
  for (const Job* job : select(wanted)) {
    list.push_back(render(*job, renderOptions(RenderOptions::Form::list)));
  }
  return Response::json(200, list);
}

}  // namespace maitred::cook
