// maitred cook share and quota: shows, sets and resets what one user is entitled to, and what they
// may run at most.
#include "command.h"
#include "limit-text.h"
#include "text-table.h"

#include <iostream>

namespace maitred::cook::cli {
namespace {

struct Kind {
  const char* name;  // of the route and the body's key
  const char* shows;
  std::vector<std::pair<const char*, const char*>> resources;  // option, key of the resource
};

const Kind SHARE{"share",
                 "Shows or changes what a user is entitled to.",
                 {{"cpus", "cpus"}, {"mem", "mem"}, {"gpus", "gpus"}}};
const Kind QUOTA{"quota",
                 "Shows or changes what a user may run at most at one time.",
                 {{"cpus", "cpus"},
                  {"mem", "mem"},
                  {"gpus", "gpus"},
                  {"count", "count"},
                  {"launch-rate-saved", "launch-rate-saved"},
                  {"launch-rate-per-minute", "launch-rate-per-minute"}}};

void print(const Kind& kind, const std::string& user, const std::string& pool, const json& answer) {
  std::vector<std::string> header{"USER", "POOL"};
  for (const auto& [option, key] : kind.resources) header.push_back(headerOf(key));
  TextTable table(header);
  auto add = [&](const std::string& where, const json& limits) {
    std::vector<std::string> row{user, where};
    for (const auto& [option, key] : kind.resources) row.push_back(limitText(limits, key));
    table.add(row);
  };
  if (answer.contains("pools")) {
    for (const auto& [name, limits] : answer["pools"].items()) add(name, limits);
  } else {
    add(pool.empty() ? "-" : pool, answer);
  }
  std::cout << table.text();
}

int run(const Kind& kind, CommandLine line) {
  Options options(kind.name, "USER",
                  std::string(kind.shows) +
                      " Without a value it shows; the user `default` stands for all who have no "
                      "values of their own.");
  options.add()("pool", po::value<std::string>()->default_value(""),
                "in this pool; otherwise all are shown, and the default pool is changed")(
      "reset", "take the user's own values away")(
      "reason", po::value<std::string>()->default_value(""),
      "why; goes into the audit log, and must be given with a change");
  for (const auto& [option, key] : kind.resources) {
    options.add()(option, po::value<double>(), "set it (mem in MiB); the others stay");
  }
  if (!options.parse(line)) return 0;
  auto words = options.words();
  if (words.size() > 1) throw Failure(Exit::usage, "one user at a time");
  json amounts = json::object();
  for (const auto& [option, key] : kind.resources) {
    if (options.has(option)) amounts[key] = options.get<double>(option);
  }
  bool reset = options.has("reset");
  std::string pool = options.get<std::string>("pool"), reason = options.get<std::string>("reason");
  if (reset && !amounts.empty()) throw Failure(Exit::usage, "--reset goes with no value");
  if ((reset || !amounts.empty()) && reason.empty()) {
    throw Failure(Exit::usage, "say why: --reason TEXT");
  }
  if ((reset || !amounts.empty()) && words.empty())
    throw Failure(Exit::usage, "whose? Name a user");
  std::string user = words.empty() ? options.userOrOwn() : words[0];
  auto api = options.connect();
  std::string path = std::string("/") + kind.name;
  if (reset) api.remove(path.c_str(), {{"user", user}, {"pool", pool}, {"reason", reason}});
  if (!amounts.empty()) {
    json body{{"user", user}, {"reason", reason}, {kind.name, amounts}};
    if (!pool.empty()) body["pool"] = pool;
    api.change("POST", path.c_str(), body);
  }
  json answer = api.get(path.c_str(), {{"user", user}, {"pool", pool}});
  if (options.json()) {
    std::cout << answer.dump(2) << "\n";
  } else {
    print(kind, user, pool, answer);
  }
  return 0;
}

}  // namespace

int share(CommandLine line) {
  return run(SHARE, line);
}

int quota(CommandLine line) {
  return run(QUOTA, line);
}

}  // namespace maitred::cook::cli
