// maitred cook replay: recorded cycles decided anew.
#include "command.h"

#include <case/replay.h>

#include <iostream>

namespace maitred::cook::cli {
namespace {

json asJson(const ReplayReport& report, const std::string& damage) {
  json out{{"cycles", report.cycles},     {"unknown", report.unknown},
           {"replayed", report.replayed()}, {"agreed", report.agreed},
           {"differ", report.differ()},   {"starts", report.starts},
           {"differences", json::array()}, {"moved", json::object()},
           {"notes", report.notes}};
  for (const ReplayDifference& one : report.differences) {
    out["differences"].push_back({{"place", one.place},
                                  {"cycle", one.cycle},
                                  {"time_ms", one.wallMs},
                                  {"pool", one.pool},
                                  {"recorded", one.recorded},
                                  {"replayed", one.replayed}});
  }
  for (const auto& [user, counts] : report.moved) {
    out["moved"][user] = {{"recorded_only", counts.first}, {"replayed_only", counts.second}};
  }
  if (!damage.empty()) out["damage"] = damage;
  return out;
}

void print(const ReplayReport& report, bool otherPolicy) {
  for (const std::string& note : report.notes) std::cout << note << "\n";
  std::cout << report.cycles << " cycles";
  if (report.unknown != 0) {
    std::cout << ", " << report.unknown << " of them before the state was fully known";
  }
  std::cout << "\n"
            << report.replayed() << " replayed with " << report.starts << " starts: "
            << report.agreed << " agree, " << report.differ() << " differ\n";
  for (const ReplayDifference& one : report.differences) {
    std::cout << one.place << ": cycle " << one.cycle
              << (one.pool.empty() ? "" : " of pool " + one.pool) << "\n  recorded: "
              << one.recorded << "\n  replayed: " << one.replayed << "\n";
  }
  if (report.differ() > report.differences.size()) {
    std::cout << "and " << report.differ() - report.differences.size() << " more\n";
  }
  for (const auto& [user, counts] : report.moved) {
    std::cout << user << ": " << counts.first << " starts only in the record, " << counts.second
              << " only in the replay\n";
  }
  if (report.differ() != 0 && !otherPolicy) {
    std::cout << "Another version of maitred may decide otherwise, and so does a policy that "
                 "depends on more than its arguments.\n";
  }
}

}  // namespace

int replay(CommandLine line) {
  Options options("replay", "PATH…",
                  "Decides the cycles of case files, or of all in a folder, anew and compares. "
                  "Files of one recording must come in their order. Exit code 0: all agree; 1: "
                  "some differ, or a file is damaged.",
                  false);
  options.add()("policy", po::value<std::string>(),
                "order the users by this Lua file instead of the recorded policy, and tell what "
                "would have been started otherwise, cycle by cycle");
  if (!options.parse(line)) return 0;
  ReplayOptions wanted;
  if (options.has("policy")) wanted.fairness = options.get<std::string>("policy");
  std::string damage;
  std::unique_ptr<CaseReplay> replay;
  try {
    if (options.words().empty()) {
      throw Failure(Exit::usage, "name a case file, or a folder of them");
    }
    replay = std::make_unique<CaseReplay>(wanted);
    for (const std::string& word : options.words()) {
      for (const std::string& path : caseFilesAt(word)) replay->add(path, readCaseFile(path));
    }
  } catch (const CaseDamage& fault) {
    damage = fault.what();
  } catch (const std::invalid_argument& fault) {
    throw Failure(Exit::usage, std::string("--policy: ") + fault.what());
  }
  const ReplayReport& report = replay->report();
  if (options.json()) {
    std::cout << asJson(report, damage).dump(2) << "\n";
  } else {
    print(report, !wanted.fairness.empty());
  }
  if (!damage.empty()) throw Failure(Exit::no, damage);
  return static_cast<int>(report.differ() == 0 ? Exit::done : Exit::no);
}

}  // namespace maitred::cook::cli
