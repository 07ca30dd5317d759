// GET /explain: where a job stands, and what held it back and when. No route of Cook's.

#include "rest.h"

#include <algorithm>

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

// So many hosts are asked what they lack for one job.
constexpr std::size_t HOSTS_ASKED = 20'000;

struct Event {
  std::int64_t atMs;
  std::string what;
};

// From the submission to the end, what was noted between its attempts among them.
std::vector<Event> eventsOf(const Job& job, const std::vector<WaitingHistory::Entry>& noted) {
  std::vector<Event> events{{job.submittedMs, text(Hold::turn)}};
  for (const auto& one : noted) events.push_back({one.sinceMs, text(one.hold)});
  for (const Instance& one : job.instances) {
    events.push_back({one.startMs, "an instance was begun on " + one.hostname});
    if (one.endMs == 0) continue;
    const Reason* reason = findReason(one.reason);
    std::string how = one.status == InstanceStatus::success ? "success"
                      : reason == nullptr                   ? "failed"
                                                            : reason->text;
    bool last = &one == &job.instances.back() && job.state == JobState::completed;
    events.push_back(
        {one.endMs, "it ended: " + how + (last ? "" : "; it waited for its turn again")});
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.atMs < b.atMs; });
  return events;
}

json historyOf(const Job& job, const std::vector<WaitingHistory::Entry>& noted) {
  std::vector<Event> events = eventsOf(job, noted);
  json list = json::array();
  for (std::size_t i = 0; i < events.size(); ++i) {
    json one{{"since", events[i].atMs}, {"what", events[i].what}};
    if (i + 1 < events.size()) one["until"] = events[i + 1].atMs;
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

Rest::Answer Rest::explain(Request& request, const Caller& caller) {
  std::vector<Uuid> ids = uuids(request.query.all("job"));
  if (ids.size() != 1) throw Refused(400, "must supply exactly one job query param");
  Found found = find(caller, ids, false);
  if (!found.missing.empty()) {
    throw Refused(404, "The following UUIDs don't correspond to a job:" + found.missing);
  }
  const Job& job = *found.list[0].job;
  Explanation why = queue.explain(job);
  json owner{{"user", job.spec.user},
             {"dru", why.standing.score},
             {"standing", name(why.standing.satisfaction)},
             {"running",
              {{"cpus", why.running.cpus},
               {"mem", why.running.mem},
               {"gpus", why.running.gpus},
               {"jobs", why.running.count}}},
             {"share",
              {{"cpus", why.share.cpus}, {"mem", why.share.mem}, {"gpus", why.share.gpus}}},
             {"quota",
              {{"cpus", why.quota.cpus},
               {"mem", why.quota.mem},
               {"gpus", why.quota.gpus},
               {"count", why.quota.count}}}};
  json out{{"uuid", job.spec.id.text()},
           {"pool", shown(job.spec.pool)},
           {"status", name(job.state)},
           {"waiting_in_pool", why.waitingInPool},
           {"owner", std::move(owner)},
           {"history", historyOf(job, why.history)}};
  if (job.state == JobState::waiting) {
    std::size_t hostsLeft = HOSTS_ASKED;
    out["reasons"] = whyUnscheduled(job, hostsLeft);
  }
  if (why.place) out["place"] = *why.place;
  if (why.placeOrMore) out["place_at_least"] = true;
  if (why.score) out["dru"] = *why.score;
  return Response::json(200, out);
}

}  // namespace maitred::cook
