// maitred cook pools, queue and retry.
#include "command.h"
#include "text-table.h"

#include <ctime>
#include <iostream>

namespace maitred::cook::cli {
namespace {

double amountOf(const json& job, const char* type) {
  for (const json& one : job.value("job/resource", json::array())) {
    if (one.value("resource/type", "") == type) return one.value("resource/amount", 0.0);
  }
  return 0;
}

void printQueue(const json& pools) {
  TextTable table({"POOL", "PLACE", "UUID", "NAME", "USER", "PRIORITY", "CPUS", "MEM MiB", "WAIT"});
  int64_t now = static_cast<int64_t>(std::time(nullptr)) * 1000;
  for (const auto& [pool, jobs] : pools.items()) {
    size_t place = 0;
    for (const json& job : jobs) {
      double waited = (now - job.value("job/submit-time", now)) / 1000.0;
      table.add({pool, std::to_string(++place), job.value("job/uuid", ""),
                 job.value("job/name", ""), job.value("job/user", ""),
                 std::to_string(job.value("job/priority", 0)), numberText(amountOf(job, "cpus")),
                 numberText(amountOf(job, "mem")), durationText(std::max(0.0, waited))});
    }
  }
  std::cout << table.text();
}

}  // namespace

int pools(CommandLine line) {
  Options options("pools", "", "Lists the pools.");
  if (!options.parse(line)) return 0;
  auto api = options.connect();
  json list = api.get("/pools");
  if (options.json()) {
    std::cout << list.dump(2) << "\n";
  } else if (list.empty()) {
    std::cout << "there are no pools: all jobs wait in one queue\n";
  } else {
    TextTable table({"POOL", "STATE", "PURPOSE"});
    for (const json& one : list) {
      table.add({one.value("name", ""), one.value("state", ""), one.value("purpose", "")});
    }
    std::cout << table.text();
  }
  return 0;
}

int queue(CommandLine line) {
  Options options("queue", "",
                  "Lists the waiting jobs in the order of their turn, as far as quotas let them "
                  "start. For admins.");
  options.add()("limit", po::value<uint32_t>()->default_value(100), "so many of each pool");
  if (!options.parse(line)) return 0;
  auto api = options.connect();
  json answer = api.get("/queue", {{"limit", std::to_string(options.get<uint32_t>("limit"))}});
  if (options.json()) {
    std::cout << answer.dump(2) << "\n";
  } else {
    printQueue(answer);
  }
  return 0;
}

int retry(CommandLine line) {
  Options options("retry", "UUID…",
                  "Allows jobs more attempts. A job that is over waits again, if it then has one "
                  "left.");
  options.add()("attempts", po::value<int64_t>(), "so many in all, those that were made included")(
      "more", po::value<int64_t>(), "so many more than now")("failed-only",
                                                             "leave alone what did not fail")(
      "group", po::value<std::vector<std::string>>(), "the failed jobs of this group; repeatable");
  if (!options.parse(line)) return 0;
  if (options.has("attempts") == options.has("more")) {
    throw Failure(Exit::usage, "say either --attempts N or --more N");
  }
  json body = options.has("attempts") ? json{{"retries", options.get<int64_t>("attempts")}}
                                      : json{{"increment", options.get<int64_t>("more")}};
  auto groups = options.list("group");
  if (!groups.empty()) body["groups"] = groups;
  if (groups.empty() || !options.words().empty()) body["jobs"] = uuidsFrom(options);
  if (options.has("failed-only")) body["failed_only"] = true;
  auto api = options.connect();
  json answer = api.change("PUT", "/retry", body);
  if (options.json()) {
    std::cout << answer.dump() << "\n";
  } else if (answer == 0) {
    std::cout << "no job was changed\n";
  } else {
    std::cout << "attempts allowed now: " << answer << "\n";
  }
  return 0;
}

}  // namespace maitred::cook::cli
