// GET /running: what has an instance now. GET /stats/instances: how long instances of a time ran.

#include "parameters.h"
#include "rest.h"

#include <core/instance-stats.h>

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr std::int64_t RUNNING_LIMIT = 1000;
constexpr std::int64_t SPAN_MOST_MS = std::int64_t{31} * 86'400'000;
// So many jobs are looked at before the loop has another turn.
constexpr std::size_t JOBS_AT_ONCE = 5000;

ordered_json histogram(const InstanceStats::Distribution& values) {
  ordered_json percentiles = ordered_json::object();
  for (std::size_t i = 0; i < values.at.size(); ++i) {
    percentiles[std::to_string(InstanceStats::Distribution::PERCENTILES[i])] = values.at[i];
  }
  return {{"percentiles", std::move(percentiles)}, {"total", values.total}};
}

ordered_json summaryOf(const InstanceStats::Summary& summary) {
  if (summary.count == 0) return ordered_json::object();
  return {{"count", summary.count},
          {"cpu-seconds", histogram(summary.cpuSeconds)},
          {"mem-seconds", histogram(summary.memSeconds)},
          {"run-time-seconds", histogram(summary.runSeconds)}};
}

ordered_json reasonsOf(const InstanceStats::ByReason& reasons) {
  ordered_json out = ordered_json::object();
  for (const auto& [reason, summary] : reasons) out[reason] = summaryOf(summary);
  return out;
}

ordered_json leaders(const std::vector<std::pair<std::string, double>>& list) {
  ordered_json out = ordered_json::object();
  for (const auto& [user, total] : list) out[user] = total;
  return out;
}

Response shownStats(const InstanceStats& stats) {
  InstanceStats::Result result = stats.result();
  ordered_json users = ordered_json::object();
  for (const auto& [user, reasons] : result.byUser) users[user] = reasonsOf(reasons);
  ordered_json out{{"overall", summaryOf(result.overall)},
                   {"by-reason", reasonsOf(result.byReason)},
                   {"by-user-and-reason", std::move(users)},
                   {"leaders",
                    {{"cpu-seconds", leaders(result.cpuLeaders)},
                     {"mem-seconds", leaders(result.memLeaders)}}}};
  return Response::rawJson(
      200, out.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

}  // namespace

Rest::Answer Rest::running(Request& request, const Caller& caller) {
  std::size_t limit = limitIn(request, RUNNING_LIMIT, settings.limits.jobsPerRequest);
  if (!settings.access.allows(caller, Verb::read, Item::system, "")) {
    throw Refused(403, "Unauthorized");
  }
  json list = json::array();
  queue.book().eachLive([&](const Job& job) {
    if (list.size() < limit) list.push_back(renderInternal(job, *job.live()));
  });
  return Response::json(200, list);
}

// What is asked for, and how far the look at all jobs has come: by user and time of submission,
// which goes on soundly whatever comes and goes meanwhile.
struct Rest::Census {
  InstanceStatus status;
  std::int64_t startMs = 0, endMs = 0;
  NameFilter names;
  std::string user;
  std::pair<std::int64_t, std::uint64_t> after{INT64_MIN, 0};
  InstanceStats stats;

  void add(const Job& job, std::int64_t nowMs) {
    bool any = std::any_of(job.instances.begin(), job.instances.end(),
                           [&](const Instance& one) { return wants(one); });
    if (!any || !names.matches(job.spec.name)) return;
    for (const Instance& one : job.instances) {
      if (wants(one)) stats.add(job, one, nowMs);
    }
  }
  bool wants(const Instance& one) const {
    return one.status == status && one.startMs >= startMs && one.startMs < endMs;
  }
};

// True: there are more.
bool Rest::count(Census& census) const {
  std::size_t seen = 0;
  const auto& users = queue.book().users();
  for (auto user = users.lower_bound(census.user); user != users.end(); ++user) {
    if (user->first != census.user) {
      census.user = user->first;
      census.after = {INT64_MIN, 0};
    }
    for (auto at = user->second.lower_bound(census.after); at != user->second.end(); ++at) {
      if (at->first == census.after) continue;
      // An instance begins after its job was submitted.
      if (at->first.first >= census.endMs) break;
      census.after = at->first;
      census.add(*at->second, queue.nowMs());
      if (++seen == JOBS_AT_ONCE) return true;
    }
  }
  return false;
}

kj::Promise<Response> Rest::goOn(kj::Own<Census> census) {
  if (!count(*census)) return shownStats(census->stats);
  return kj::evalLast([this, census = kj::mv(census)]() mutable { return goOn(kj::mv(census)); });
}

Rest::Answer Rest::instanceStats(Request& request, const Caller& caller) {
  for (const char* key : {"status", "start", "end"}) {
    if (!request.query.has(key)) missing(key);
  }
  auto census = kj::heap<Census>();
  std::string status(request.query.get("status").value_or(""));
  auto known = instanceStatusOf(status);
  if (!known) {
    throw Refused(400, "unsupported status " + status.substr(0, 100) +
                           ", must be one of: failed, running, success, unknown");
  }
  census->status = *known;
  census->startMs = timeOf(request, "start");
  census->endMs = timeOf(request, "end");
  census->names = nameFilter(request.query.get("name").value_or("*"));
  if (census->endMs <= census->startMs) {
    throw Refused(400, "end time must be after start time");
  }
  if (census->endMs - SPAN_MOST_MS > census->startMs) {
    throw Refused(400, "time interval must be less than or equal to 31 days");
  }
  if (!settings.access.allows(caller, Verb::read, Item::system, "")) {
    throw Refused(403, "Unauthorized");
  }
  return goOn(kj::mv(census));
}

}  // namespace maitred::cook
