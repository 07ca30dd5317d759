// maitred cook list and show.
#include "command.h"
#include "job-view.h"
#include "text-table.h"

#include <ctime>
#include <iostream>

namespace maitred::cook::cli {
namespace {

void printTable(const json& jobs) {
  TextTable table(
      {"UUID", "NAME", "USER", "STATE", "CPUS", "MEM MiB", "SUBMITTED", "WAIT", "RUN", "HOST"});
  int64_t now = static_cast<int64_t>(std::time(nullptr)) * 1000;
  for (auto& one : jobs) {
    JobView job(one);
    int64_t started = job.startMs != 0 ? job.startMs : now;
    double ran =
        job.startMs == 0 ? -1 : ((job.endMs != 0 ? job.endMs : now) - job.startMs) / 1000.0;
    table.add({job.uuid, job.name, job.user, job.state, numberText(job.cpus),
               numberText(job.memMib), timeText(job.submitMs),
               durationText((started - job.submitMs) / 1000.0), durationText(ran),
               job.host.empty() ? "-" : job.host});
  }
  std::cout << table.text();
}

void printInstance(const json& one, size_t number) {
  auto text = [&](const char* key) {
    return one.contains(key) && one[key].is_string() ? one[key].get<std::string>()
                                                     : std::string("-");
  };
  std::cout << "  instance " << number << "   " << text("task_id") << "\n"
            << "    status     " << text("status") << "\n"
            << "    host       " << text("hostname") << "\n"
            << "    started    " << timeText(one.value("start_time", int64_t(0))) << "\n"
            << "    ended      " << timeText(one.value("end_time", int64_t(0))) << "\n";
  if (one.contains("exit_code")) std::cout << "    exit code  " << one["exit_code"] << "\n";
  if (one.contains("reason_string"))
    std::cout << "    reason     " << text("reason_string") << "\n";
  if (one.contains("message")) std::cout << "    message    " << text("message") << "\n";
  if (one.contains("sandbox_directory")) {
    std::cout << "    sandbox    " << text("sandbox_directory") << "\n";
  }
}

void printJob(const json& one) {
  JobView job(one);
  std::cout << "job " << job.uuid << "\n"
            << "  name       " << job.name << "\n"
            << "  user       " << job.user << "\n"
            << "  command    " << one.value("command", "") << "\n"
            << "  state      " << job.state << "\n"
            << "  resources  " << numberText(job.cpus) << " cpus, " << numberText(job.memMib)
            << " MiB\n"
            << "  priority   " << one.value("priority", 0) << "\n"
            << "  attempts   " << one.value("max_retries", 0) << " allowed, "
            << one.value("retries_remaining", 0) << " left\n"
            << "  submitted  " << timeText(job.submitMs) << "\n";
  size_t number = 0;
  for (auto& instance : one.value("instances", json::array())) printInstance(instance, ++number);
}

}  // namespace

int list(CommandLine line) {
  Options options("list", "", "Lists a user's jobs, the newest first.");
  options.add()("of", po::value<std::string>(),
                "whose jobs; otherwise those of --user, or of your own account")(
      "state,s", po::value<std::vector<std::string>>(),
      "waiting, running, completed, success or failed; repeatable; otherwise all")(
      "since", po::value<double>()->default_value(24), "submitted in the last so many hours")(
      "name,n", po::value<std::string>()->default_value(""),
      "only such names; * stands for anything")(
      "limit", po::value<uint32_t>()->default_value(150),
      "at most so many of each state, the oldest of that time");
  if (!options.parse(line)) return 0;
  if (!options.words().empty())
    throw Failure(Exit::usage, "list takes no words; for one job: show UUID");
  ListQuery query;
  query.user = options.has("of") ? options.get<std::string>("of") : options.userOrOwn();
  query.states = options.list("state");
  if (query.states.empty()) query.states = {"waiting", "running", "completed"};
  query.endMs = (static_cast<int64_t>(std::time(nullptr)) + 60) * 1000;
  query.startMs = query.endMs - static_cast<int64_t>(options.get<double>("since") * 3600e3) - 60000;
  query.limit = options.get<uint32_t>("limit");
  query.name = options.get<std::string>("name");
  auto api = options.connect();
  json jobs = api.list(query);
  if (options.json()) {
    std::cout << jobs.dump(2) << "\n";
  } else if (jobs.empty()) {
    std::cout << "no jobs of " << query.user << " in that time\n";
  } else {
    printTable(jobs);
  }
  return 0;
}

int show(CommandLine line) {
  Options options("show", "UUID…", "Shows jobs with all their instances.");
  if (!options.parse(line)) return 0;
  auto uuids = uuidsFrom(options);
  auto api = options.connect();
  json jobs = api.jobs(uuids, false);
  if (options.json()) {
    std::cout << jobs.dump(2) << "\n";
  } else {
    for (auto& job : jobs) printJob(job);
  }
  return 0;
}

}  // namespace maitred::cook::cli
