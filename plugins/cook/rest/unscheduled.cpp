// GET /unscheduled_jobs: why jobs wait. The answer is worked out from the queue as it is now; the
// next cycle that does not find a place for the job looks at it as well.

#include "parameters.h"
#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

// So many hosts are looked at for one request; for further jobs the latest cycle tells.
constexpr std::size_t HOSTS_LOOKED_AT = 200'000;

json excessData(const std::vector<Excess>& list) {
  json data = json::object();
  for (const Excess& one : list) {
    if (std::string_view(one.resource) == "count") {
      data[one.resource] = {{"limit", static_cast<std::int64_t>(one.limit)},
                            {"usage", static_cast<std::int64_t>(one.usage)}};
    } else {
      data[one.resource] = {{"limit", one.limit}, {"usage", one.usage}};
    }
  }
  return data;
}

json hostReasons(const RefusalSummary& summary) {
  json list = json::array();
  for (std::size_t i = 0; i < OBSTACLES; ++i) {
    auto obstacle = static_cast<Obstacle>(i);
    std::int64_t hosts = summary.of(obstacle);
    if (hosts != 0) list.push_back({{"reason", text(obstacle)}, {"host_count", hosts}});
  }
  return list;
}

std::string aheadText(const WhyWaiting& why) {
  return std::string("You have ") + (why.aheadOrMore ? "at least " : "") +
         std::to_string(why.ahead) + " other jobs ahead in the queue.";
}

using Deferral = std::optional<LaunchVerdicts::Deferral>;

json reasonsOf(const Job& job, const WhyWaiting& why, const Deferral& deferral) {
  json list = json::array();
  auto add = [&](const std::string& reason, json data = json::object()) {
    list.push_back({{"reason", reason}, {"data", std::move(data)}});
  };
  if (why.exhausted) {
    add("Job has exhausted its maximum number of retries.",
        {{"max-retries", job.spec.maxRetries}, {"instance-count", job.instances.size()}});
  }
  if (!why.quota.empty()) {
    add("The job would cause you to exceed resource quotas.", excessData(why.quota));
  }
  if (!why.share.empty()) {
    add("The job would cause you to exceed resource shares.", excessData(why.share));
  }
  if (why.rateLimited != 0) {
    add("You are currently rate limited on how many jobs you launch per minute.",
        {{"num-ratelimited", why.rateLimited}});
  }
  if (deferral) {
    add("The launch filter plugin is blocking the job launch.",
        {{"plugin", deferral->by}, {"message", deferral->message}});
  }
  if (why.ahead != 0) {
    json ids = json::array();
    for (const Uuid& id : why.firstAhead) ids.push_back(id.text());
    add(aheadText(why), {{"jobs", std::move(ids)}});
  }
  // Cook knows no such states, or has no words for them.
  if (why.poolIdle) add("The job's pool does not start jobs.", {{"pool", job.spec.pool.str()}});
  if (why.ending) add("The job's last attempt was stopped and has not ended yet.");
  if (why.postponedMs && !deferral) {
    add("A host has refused the job; it is tried again later.", {{"not-before", *why.postponedMs}});
  }
  if (why.refusals) {
    add("The job couldn't be placed on any available hosts.",
        {{"reasons", hostReasons(*why.refusals)}});
  }
  if ((!why.seenByCycle && !why.heldBack()) || list.empty()) {
    add("The job is now under investigation. Check back in a minute for more details!");
  }
  return list;
}

}  // namespace

json Rest::whyUnscheduled(const Job& job, std::size_t& hostsLeft) {
  auto only = [](const char* reason) {
    return json::array({{{"reason", reason}, {"data", json::object()}}});
  };
  if (job.state == JobState::running) return only("The job is running now.");
  if (job.state == JobState::completed) return only("The job already completed.");
  std::size_t hosts = queue.hostCount();
  bool ask = hosts <= hostsLeft;
  if (ask) hostsLeft -= hosts;
  WhyWaiting why = queue.whyWaiting(job, ask);
  queue.investigate(job.spec.id);
  return reasonsOf(job, why, queue.filters().deferral(job.spec.id));
}

Rest::Answer Rest::unscheduled(Request& request, const Caller& caller) {
  if (!request.query.has("job")) missing("job");
  Found found = find(caller, uuids(request.query.all("job")), false);
  if (!found.missing.empty() && (!flagOf(request, "partial") || found.list.empty())) {
    throw Refused(404, "The following UUIDs don't correspond to a job:" + found.missing);
  }
  json list = json::array();
  std::size_t hostsLeft = HOSTS_LOOKED_AT;
  for (const auto& one : found.list) {
    list.push_back({{"uuid", one.job->spec.id.text()},
                    {"reasons", whyUnscheduled(*one.job, hostsLeft)}});
  }
  return Response::json(200, list);
}

}  // namespace maitred::cook
