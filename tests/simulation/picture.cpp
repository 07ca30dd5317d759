#include "picture.h"

#include "ledger.h"
#include "limit-watch.h"

#include <cinttypes>
#include <cstdio>

namespace maitred::simulation {
namespace {

using cook::BatchQueue;
using cook::Job;

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  char text[400];
  snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string limit(const cook::Quota& quota) {
  return format("cpus %.4g mem %.5g count %" PRId64, quota.cpus, quota.mem, quota.count);
}

void addPool(std::vector<std::string>& lines, BatchQueue& queue, const cook::Pool& pool) {
  std::string line = "pool " + pool.name + (pool.active ? "" : " (inactive)");
  if (pool.quota) line += " quota " + limit(*pool.quota);
  if (const auto* shared = queue.pools().groupQuota(pool)) line += " shared " + limit(*shared);
  line += " considers " + std::to_string(queue.book().headRule(pool.name).limit());
  lines.push_back(line);
  for (const std::string& user : USERS) {
    cook::Share share = queue.book().shares(pool.name).of(user);
    lines.push_back("  " + user + " quota " + limit(queue.book().quotas(pool.name).of(user)) +
                    format(" share cpus %.4g mem %.5g", share.cpus, share.mem));
  }
}

void addNode(std::vector<std::string>& lines, const cook::Node& node) {
  cook::Amount free = node.free();
  lines.push_back("node " + node.facts.key.nodeId + " in " + node.facts.pool +
                  format(" free cpus %.4g mem %.5g", static_cast<double>(free.cpuMillis) / 1000,
                         static_cast<double>(free.memBytes) / (1024 * 1024)) +
                  (node.facts.ready ? "" : ", not ready"));
}

std::string reasons(BatchQueue& queue, const Job& job) {
  std::string text;
  cook::WhyWaiting why = queue.whyWaiting(job, true);
  auto say = [&](bool holds, const char* what) {
    if (holds) text += std::string(text.empty() ? "" : ", ") + what;
  };
  say(why.exhausted, "exhausted");
  say(!why.quota.empty(), "quota");
  say(why.rateLimited != 0, "launch rate");
  say(why.poolIdle, "pool");
  say(why.ending, "ending");
  say(why.postponedMs.has_value(), "postponed");
  for (std::size_t i = 0; why.refusals && i < cook::OBSTACLES; ++i) {
    auto obstacle = static_cast<cook::Obstacle>(i);
    if (auto hosts = why.refusals->of(obstacle)) {
      text += (text.empty() ? "" : ", ") + std::to_string(hosts) + " " +
              std::string(cook::name(obstacle));
    }
  }
  text += "; held by";
  for (const auto& one : queue.explain(job).history) {
    text += std::string(" ") + cook::text(one.hold);
  }
  return text;
}

void addJob(std::vector<std::string>& lines, BatchQueue& queue, const Job& job) {
  std::string line = "job " + Ledger::describe(job) + " of " + job.spec.user.str() + " in " +
                     job.spec.pool.str() +
                     format(" priority %" PRId64 " cpus %.4g mem %.5g", job.spec.priority,
                            job.spec.cpus, job.spec.mem);
  for (const auto& rule : job.spec.constraints) line += " " + rule.attribute + "=" + rule.value;
  if (job.spec.group) line += " group " + job.spec.group->text().substr(0, 8);
  if (job.state == cook::JobState::waiting) line += ": " + reasons(queue, job);
  lines.push_back(line);
}

}  // namespace

std::vector<std::string> pictureOf(BatchQueue& queue) {
  std::vector<std::string> lines;
  for (const cook::Pool& pool : queue.pools().all()) addPool(lines, queue, pool);
  for (const auto& [key, node] : static_cast<cook::ClusterOwner&>(queue).nodes().all()) {
    addNode(lines, *node);
  }
  queue.book().each([&](const Job& job) {
    if (job.state == cook::JobState::completed && job.unended() == nullptr) return;
    addJob(lines, queue, job);
  });
  return lines;
}

}  // namespace maitred::simulation
