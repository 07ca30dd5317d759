// maitred cook submit: jobs from the command line, from lines of commands, or from raw JSON.
#include "command.h"

#include "core/uuid.h"

#include <sys/random.h>

#include <cstdio>
#include <fstream>
#include <iostream>

namespace maitred::cook::cli {
namespace {

constexpr size_t kJobsPerRequest = 500;

std::string freshUuid() {
  uint64_t bits[2];
  if (getrandom(bits, sizeof(bits), 0) != sizeof(bits)) {
    throw Failure(Exit::no, "the system gives no random numbers for a UUID");
  }
  return Uuid::fromRandom(bits[0], bits[1]).text();
}

json pairs(const Options& options, const char* name) {
  json out = json::object();
  for (auto& pair : options.list(name)) {
    size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Failure(Exit::usage, std::string("--") + name + " " + pair + ": expected KEY=VALUE");
    }
    out[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return out;
}

void declare(Options& options) {
  options.add()("name,n", po::value<std::string>()->default_value("cookjob"), "name of the job")(
      "uuid", po::value<std::string>(), "its UUID, for exactly one job; otherwise a fresh one")(
      "cpus,c", po::value<double>()->default_value(1), "cpus of one job")(
      "mem,m", po::value<double>()->default_value(128), "memory of one job, in MiB")(
      "max-retries", po::value<unsigned>()->default_value(1), "attempts; 1 = run once")(
      "max-runtime", po::value<double>(), "seconds after which an attempt is stopped")(
      "priority,p", po::value<unsigned>(),
      "0 to 16000000, higher first among your own jobs; 50 if not given")(
      "env,e", po::value<std::vector<std::string>>(),
      "KEY=VALUE for the job's environment; repeatable")(
      "label,l", po::value<std::vector<std::string>>(), "KEY=VALUE label; repeatable")(
      "uri", po::value<std::vector<std::string>>(), "a file to fetch into the sandbox; repeatable")(
      "ports", po::value<unsigned>(), "number of ports; told as PORT0, PORT1, …")(
      "pool", po::value<std::string>()->default_value(""), "the pool; otherwise the default pool")(
      "raw", po::value<std::string>(),
      "a file with a JSON list of jobs in Cook's form; - is standard input");
}

json jobFrom(const Options& options, const std::string& command) {
  json job = {{"uuid", options.has("uuid") ? options.get<std::string>("uuid") : freshUuid()},
              {"name", options.get<std::string>("name")},
              {"command", command},
              {"cpus", options.get<double>("cpus")},
              {"mem", options.get<double>("mem")},
              {"max_retries", options.get<unsigned>("max-retries")}};
  if (options.has("priority")) job["priority"] = options.get<unsigned>("priority");
  if (options.has("ports")) job["ports"] = options.get<unsigned>("ports");
  if (options.has("max-runtime")) {
    job["max_runtime"] = static_cast<int64_t>(options.get<double>("max-runtime") * 1000);
  }
  if (options.has("env")) job["env"] = pairs(options, "env");
  if (options.has("label")) job["labels"] = pairs(options, "label");
  for (auto& uri : options.list("uri")) job["uris"].push_back({{"value", uri}});
  return job;
}

json rawJobs(const std::string& path) {
  std::ifstream file;
  if (path != "-") file.open(path);
  if (path != "-" && !file) throw Failure(Exit::usage, "--raw: cannot read " + path);
  json jobs = json::parse(path == "-" ? std::cin : file, nullptr, false);
  if (jobs.is_object() && jobs.contains("jobs")) jobs = jobs["jobs"];
  if (!jobs.is_array() || jobs.empty()) {
    throw Failure(Exit::usage, "--raw: " + path + " holds no JSON list of jobs");
  }
  for (auto& job : jobs) {
    if (job.is_object() && !job.contains("uuid")) job["uuid"] = freshUuid();
  }
  return jobs;
}

// The words after -- are one command; without any, each line of standard input is one.
json jobsFrom(const Options& options) {
  if (options.has("raw")) return rawJobs(options.get<std::string>("raw"));
  json jobs = json::array();
  std::string command;
  for (auto& word : options.words()) command += (command.empty() ? "" : " ") + word;
  if (!command.empty()) {
    jobs.push_back(jobFrom(options, command));
  } else {
    for (auto& line : linesOf(std::cin)) jobs.push_back(jobFrom(options, line));
  }
  if (jobs.empty())
    throw Failure(Exit::usage, "no command given, neither as words nor on standard input");
  if (options.has("uuid") && jobs.size() != 1) {
    throw Failure(Exit::usage, "--uuid goes with exactly one job");
  }
  return jobs;
}

}  // namespace

int submit(CommandLine line) {
  Options options(
      "submit", "[--] [COMMAND…]",
      "Submits jobs and prints their UUIDs, one a line. Without a command each line of standard "
      "input is one.");
  declare(options);
  if (!options.parse(line)) return 0;
  json jobs = jobsFrom(options);
  auto api = options.connect();
  json accepted = json::array();
  for (size_t begin = 0; begin < jobs.size(); begin += kJobsPerRequest) {
    json batch = json::array();
    for (size_t i = begin; i < std::min(jobs.size(), begin + kJobsPerRequest); ++i) {
      batch.push_back(jobs[i]);
    }
    api.submit(batch, options.get<std::string>("pool"));
    for (auto& job : batch) {
      if (!options.json()) std::cout << job["uuid"].get<std::string>() << std::endl;
      accepted.push_back(job["uuid"]);
    }
  }
  if (options.json()) std::cout << json({{"jobs", accepted}}).dump(2) << "\n";
  return 0;
}

}  // namespace maitred::cook::cli
