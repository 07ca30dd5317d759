// GET /usage: what users run. GET /queue: what waits, in the order of its turn.

#include "parameters.h"
#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr std::int64_t QUEUE_LIMIT = 1000;

ordered_json shown(const Usage& usage) {
  return {{"cpus", usage.cpus}, {"mem", usage.mem}, {"gpus", usage.gpus}, {"jobs", usage.count}};
}

// The jobs that count: one that was killed holds its room until its end is confirmed, but it does
// not run any more for those who ask.
struct Held {
  Usage usage;
  std::vector<const Job*> jobs;
  void add(const Job& job) {
    usage += job.usage();
    jobs.push_back(&job);
  }
};

Held heldIn(const Book& book, const std::string& pool, const std::string& user) {
  Held held;
  for (const Job* job : book.liveJobs(pool, user)) {
    if (job->state == JobState::running) held.add(*job);
  }
  return held;
}

ordered_json ids(const std::vector<const Job*>& jobs) {
  ordered_json list = ordered_json::array();
  for (const Job* job : jobs) list.push_back(job->spec.id.text());
  return list;
}

// {total_usage[, grouped, ungrouped]}
ordered_json shown(const Held& held, bool breakdown) {
  ordered_json out{{"total_usage", shown(held.usage)}};
  if (!breakdown) return out;
  std::map<Uuid, Held> groups;
  Held alone;
  for (const Job* job : held.jobs) {
    (job->spec.group ? groups[*job->spec.group] : alone).add(*job);
  }
  out["grouped"] = ordered_json::array();
  for (const auto& [id, group] : groups) {
    ordered_json about{{"uuid", id.text()},
                       {"name", group.jobs.front()->spec.groupName},
                       {"running_jobs", ids(group.jobs)}};
    out["grouped"].push_back({{"group", about}, {"usage", shown(group.usage)}});
  }
  out["ungrouped"] = {{"running_jobs", ids(alone.jobs)}, {"usage", shown(alone.usage)}};
  return out;
}

// Of one user in the pool, or in all of them if it is empty.
ordered_json usageOf(Book& book, const std::string& user, const std::string& pool, bool breakdown) {
  const Pools& pools = book.pools();
  if (!pool.empty()) return shown(heldIn(book, pool, user), breakdown);
  Held all;
  ordered_json parts = ordered_json::object();
  for (const Pool& one : pools.all()) {
    Held held = heldIn(book, one.name, user);
    for (const Job* job : held.jobs) all.add(*job);
    if (pools.named()) parts[one.name] = shown(held, breakdown);
  }
  ordered_json out = shown(all, breakdown);
  if (!parts.empty()) out["pools"] = std::move(parts);
  return out;
}

std::set<std::string> usersWithJobs(Book& book, const std::string& pool) {
  std::set<std::string> users;
  for (const Pool& one : book.pools().all()) {
    if (!pool.empty() && pool != one.name) continue;
    for (const auto& [user, held] : book.ranking(one.name).users()) {
      if (held.tasks.runningCount() != 0) users.insert(user);
    }
  }
  return users;
}

std::string dumped(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

Rest::Answer Rest::usage(Request& request, const Caller& caller) {
  std::string pool = poolOf(request);
  bool breakdown = flagOf(request, "group_breakdown");
  if (!settings.access.allows(caller, Verb::get, Item::usage, "")) {
    throw Refused(403, "You are not authorized to access usage information");
  }
  if (auto user = request.query.get("user")) {
    return Response::rawJson(200,
                             dumped(usageOf(queue.book(), std::string(*user), pool, breakdown)));
  }
  ordered_json users = ordered_json::object();
  for (const std::string& user : usersWithJobs(queue.book(), pool)) {
    users[user] = usageOf(queue.book(), user, pool, breakdown);
  }
  return Response::rawJson(200, dumped({{"users", users}}));
}

Rest::Answer Rest::showQueue(Request& request, const Caller& caller) {
  std::size_t limit = limitIn(request, QUEUE_LIMIT, settings.limits.jobsPerRequest);
  if (!settings.access.allows(caller, Verb::read, Item::system, "")) {
    throw Refused(403, "Unauthorized");
  }
  json out = json::object();
  for (const Pool& pool : queue.pools().all()) {
    json jobs = json::array();
    for (const Job* job : queue.ranked(pool, limit)) {
      const auto& group = job->spec.group;
      jobs.push_back(renderInternal(*job, group ? queue.book().group(*group) : nullptr));
    }
    out[shown(pool.name)] = std::move(jobs);
  }
  return Response::json(200, out);
}

}  // namespace maitred::cook
