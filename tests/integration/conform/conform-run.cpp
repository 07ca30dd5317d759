#include "conform-run.h"

namespace maitred::host::test {

ConformRun conform(const std::string& library, std::vector<std::string> words) {
  words.insert(words.begin(), {"plugins", "conform", library, "--json"});
  ConformRun run;
  run.outcome = maitred(std::move(words), {.seconds = 240});
  run.report = nlohmann::json::parse(run.outcome.out, nullptr, false);
  if (run.report.is_discarded()) run.report = nullptr;
  return run;
}

std::string failuresOf(const ConformRun& run) {
  if (run.report.is_null()) return "no report: " + run.outcome.err;
  std::string text;
  for (const auto& check : run.report["checks"]) {
    if (check["result"] != "failed") continue;
    text += check["check"].get<std::string>() + " " + check.value("isolation", "") + ": " +
            check["reason"].get<std::string>() + "\n";
  }
  return text;
}

}  // namespace maitred::host::test
