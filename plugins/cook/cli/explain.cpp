// maitred cook explain: where a job stands, and what held it back and when.
#include "command.h"
#include "text-table.h"

#include <iostream>

namespace maitred::cook::cli {
namespace {

void printPlace(const json& answer) {
  std::string waiting = answer["waiting_in_pool"].dump();
  if (answer.contains("place")) {
    std::cout << "place: " << answer["place"] << " of " << waiting << " that wait in the pool\n";
  } else if (answer.contains("place_at_least")) {
    std::cout << "place: far behind, of " << waiting << " that wait in the pool\n";
  } else if (answer["status"] == "waiting") {
    std::cout << "place: none: it may not start now, whatever has room\n";
  }
  if (answer.contains("dru")) {
    std::cout << "score (DRU): " << numberText(answer["dru"]) << "; lower goes first\n";
  }
}

// What holds it back now, as `/unscheduled_jobs` tells it.
void printReasons(const json& reasons) {
  for (const json& one : reasons) {
    std::cout << "now: " << one["reason"].get<std::string>();
    const json& data = one["data"];
    if (!data.empty()) std::cout << " " << data.dump();
    std::cout << "\n";
  }
}

}  // namespace

int explain(CommandLine line) {
  Options options("explain", "UUID",
                  "Shows a job's place in the queue, its score, how its owner stands, and what "
                  "held it back and when, also after it has run.");
  if (!options.parse(line)) return 0;
  auto words = options.words();
  if (words.size() != 1) throw Failure(Exit::usage, "one UUID of a job");
  json answer = options.connect().get("/explain", {{"job", words[0]}});
  if (options.json()) {
    std::cout << answer.dump(2) << "\n";
    return 0;
  }
  const json& owner = answer["owner"];
  std::cout << "job " << words[0] << " in pool " << answer["pool"].get<std::string>() << ": "
            << answer["status"].get<std::string>() << "\n";
  printPlace(answer);
  std::cout << "owner: " << owner["user"].get<std::string>() << " runs "
            << numberText(owner["dru"]) << " of their share: "
            << owner["standing"].get<std::string>() << "\n";
  if (answer.contains("reasons")) printReasons(answer["reasons"]);
  std::cout << "\n";
  TextTable table({"SINCE", "FOR", "WHAT"});
  for (const json& one : answer["history"]) {
    std::int64_t since = one["since"];
    bool over = one.contains("until");
    double seconds = over ? (one["until"].get<std::int64_t>() - since) / 1000.0 : 0;
    table.add({timeText(since), over ? durationText(seconds) : "-", one["what"]});
  }
  std::cout << table.text();
  return 0;
}

}  // namespace maitred::cook::cli
