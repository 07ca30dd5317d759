// maitred cook usage: what runs, beside what users are entitled to and may run at most.
#include "command.h"
#include "limit-text.h"
#include "text-table.h"

#include <iostream>

namespace maitred::cook::cli {
namespace {

const char* const RESOURCES[] = {"cpus", "mem", "gpus"};

// Of one user: a line for each pool and resource.
void printOne(const json& usage, const json& share, const json& quota) {
  TextTable table({"POOL", "RESOURCE", "RUNNING", "SHARE", "QUOTA"});
  auto add = [&](const std::string& pool, const json& running, const json& entitled,
                 const json& most) {
    for (const char* key : RESOURCES) {
      table.add({pool, headerOf(key), limitText(running, key), limitText(entitled, key),
                 limitText(most, key)});
    }
    table.add({pool, "JOBS", limitText(running, "jobs"), "-", limitText(most, "count")});
  };
  if (!usage.contains("pools")) {
    add("-", usage["total_usage"], share, quota);
  } else {
    for (const auto& [pool, one] : usage["pools"].items()) {
      auto of = [&pool = pool](const json& all) {
        return all.contains("pools") ? all["pools"].value(pool, json::object()) : all;
      };
      add(pool, one["total_usage"], of(share), of(quota));
    }
  }
  std::cout << table.text();
}

// Of everybody: a line for each user and pool.
void printAll(const json& users) {
  TextTable table({"USER", "POOL", "JOBS", "CPUS", "MEM MiB", "GPUS"});
  for (const auto& [user, usage] : users.items()) {
    auto add = [&, &user = user](const std::string& pool, const json& running) {
      table.add({user, pool, limitText(running, "jobs"), limitText(running, "cpus"),
                 limitText(running, "mem"), limitText(running, "gpus")});
    };
    if (!usage.contains("pools")) {
      add("-", usage["total_usage"]);
    } else {
      for (const auto& [pool, one] : usage["pools"].items()) add(pool, one["total_usage"]);
    }
  }
  std::cout << table.text();
}

}  // namespace

int usage(CommandLine line) {
  Options options("usage", "USER",
                  "Shows what a user runs beside their share and quota; without a user your own.");
  options.add()("all", "a line for each user who runs something")(
      "pool", po::value<std::string>()->default_value(""), "this pool alone");
  if (!options.parse(line)) return 0;
  auto words = options.words();
  bool all = options.has("all");
  if (words.size() > 1 || (all && !words.empty())) {
    throw Failure(Exit::usage, "one user, or --all");
  }
  std::string pool = options.get<std::string>("pool");
  auto api = options.connect();
  if (all) {
    json answer = api.get("/usage", {{"pool", pool}});
    if (options.json()) {
      std::cout << answer.dump(2) << "\n";
    } else {
      printAll(answer.value("users", json::object()));
    }
    return 0;
  }
  std::string user = words.empty() ? options.userOrOwn() : words[0];
  Api::Parameters parameters{{"user", user}, {"pool", pool}};
  json usage = api.get("/usage", parameters);
  json share = api.get("/share", parameters), quota = api.get("/quota", parameters);
  if (options.json()) {
    std::cout << json{{"usage", usage}, {"share", share}, {"quota", quota}}.dump(2) << "\n";
  } else {
    printOne(usage, share, quota);
  }
  return 0;
}

}  // namespace maitred::cook::cli
