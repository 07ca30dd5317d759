// maitred cook policy-eval: what a policy would decide on a saved state of the queue, beside what
// the policy in force decides there. `maitred policy eval FILE --live` ends here, too.
#include "command.h"
#include "policy-tables.h"

#include <policy/deciders.h>

#include <maitred/lua.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

namespace maitred::cook::cli {
namespace {

constexpr std::size_t SNAPSHOT_MOST = 64u << 20;  // bytes
constexpr int FAULTY = 2;                         // as `maitred policy` ends

Snapshot readSnapshot(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Failure(Exit::usage, "cannot read the snapshot " + path);
  std::string text(SNAPSHOT_MOST + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > SNAPSHOT_MOST) throw Failure(Exit::usage, path + " is larger than 64 MiB");
  json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) throw Failure(Exit::usage, path + " is no JSON");
  try {
    return Snapshot::fromJson(parsed);
  } catch (const SnapshotError& error) {
    throw Failure(Exit::usage, path + " is no snapshot of the queue: " + error.what());
  }
}

// One policy, or what is built in, with all that it needs to decide.
class Side {
 public:
  Side(const std::string& kind, const lua::Search& search, int step)
      : slot({.kind = kind, .search = search, .limits = limitsWith(step), .onReport = [this](
                                                const lua::Report& report) {
               if (loaded) problems += report.text() + "\n";
             }}) {
    if (kind == "fairness") {
      scorer_ = std::make_unique<LuaScorer>(slot, tables);
    } else {
      fitness_ = std::make_unique<LuaFitness>(slot, tables);
    }
  }

  // Empty: it decides now. Otherwise what is wrong.
  std::string load(const std::string& file) {
    auto result = slot.load(file);
    loaded = result.active;
    return result.text();
  }

  PolicyOrder order(const Snapshot& snapshot) {
    Replay replay(snapshot, false);
    tables.begin(replay.round());
    return replay.order(scorer(snapshot), snapshot.jobs.size());
  }

  // In the order of the other side, which decides about fairness.
  PolicyChoices place(const Snapshot& snapshot, Side& order, bool reseat) {
    Replay replay(snapshot, reseat);
    tables.begin(replay.round());
    order.tables.begin(replay.round());
    Fitness* fitness = loaded ? fitness_.get() : nullptr;
    return reseat ? replay.placeAgain(fitness) : replay.place(order.scorer(snapshot), fitness);
  }

  Scorer& scorer(const Snapshot& snapshot) {
    return loaded ? *scorer_ : builtInScorer(snapshot.gpuMode);
  }

  std::string version() const {
    return loaded ? std::as_const(slot).active()->version() : "built in";
  }
  lua::SlotStats stats() const { return slot.stats(); }

  std::string problems;  // of calls

 private:
  static lua::Limits limitsWith(int step) {
    lua::Limits limits;
    limits.step = step;
    return limits;
  }

  lua::PolicySlot slot;
  PolicyTables tables;
  std::unique_ptr<LuaScorer> scorer_;
  std::unique_ptr<LuaFitness> fitness_;
  bool loaded = false;
};

class Evaluation {
 public:
  Evaluation(const Options& options, Snapshot snapshot)
      : options(options), snapshot(std::move(snapshot)) {
    search.path = {"."};
    for (auto& folder : options.list("policy-path")) search.path.push_back(folder);
  }

  int run() {
    file = options.words()[0];
    if (!findKind()) return FAULTY;
    candidate = std::make_unique<Side>(kind, search, lua::Limits().step);
    counting = std::make_unique<Side>(kind, search, 1);
    inForce = std::make_unique<Side>(kind, search, lua::Limits().step);
    candidate->load(file);
    counting->load(file);
    loadInForce();
    if (!options.json()) {
      std::cout << headline(snapshot) << "\n"
                << kind << ": " << file << " (" << candidate->version() << "), in force "
                << inForceName << "\n\n";
    }
    if (kind == "fairness") {
      showOrder();
    } else {
      showChoices();
    }
    std::cerr << inForce->problems << candidate->problems;
    if (!candidate->problems.empty()) {
      std::cerr << file << " failed, so that the queue would decide by what is built in\n";
      return FAULTY;
    }
    if (!options.json()) std::cout << "\n" << useText() << "\n";
    return 0;
  }

 private:
  // The kind is the file's own; what is wrong with the file is said here.
  bool findKind() {
    lua::Policy::Options any;
    any.search = search;
    lua::Loaded loaded = lua::Policy::load(file, any);
    if (!loaded) {
      std::cerr << loaded.text() << "\n";
      return false;
    }
    kind = loaded.policy->kind();
    if (kind == "fairness" || kind == "placement") return true;
    std::cerr << file << " is a policy of kind " << kind
              << "; the queue decides by fairness and placement\n";
    return false;
  }

  void loadInForce() {
    inForceName = "what is built in";
    std::string wanted, version;
    if (options.has("against")) {
      wanted = options.get<std::string>("against");
      if (wanted == "built-in") return;
    } else {
      json now = snapshot.policies.value(kind, json());
      if (!now.is_object()) return;
      wanted = now.value("path", "");
      version = now.value("version", "");
    }
    std::string problem = inForce->load(wanted);
    if (problem.empty() && !version.empty() && inForce->version() != version)
      problem = wanted + " has changed since (version " + version + " then, " +
                inForce->version() + " now)";
    if (!problem.empty()) {
      throw Failure(Exit::usage,
                    "the policy in force cannot be had: " + problem +
                        "; name what to compare with: --against FILE, or --against built-in");
    }
    inForceName = wanted + " (" + inForce->version() + ")";
  }

  void showOrder() {
    PolicyOrder now = candidate->order(snapshot), then = inForce->order(snapshot);
    counting->order(snapshot);
    if (options.json()) {
      std::cout << orderJson(now, then).dump(2) << "\n";
    } else if (!now.failed) {
      std::cout << orderText(now, then, options.get<uint32_t>("limit"));
    }
  }

  // The order in which jobs are placed is that of the fairness policy in force.
  void showChoices() {
    Side order("fairness", search, lua::Limits().step);
    json fairness = snapshot.policies.value("fairness", json());
    if (fairness.is_object()) order.load(fairness.value("path", ""));
    bool reseat = options.has("reseat");
    auto decide = [&](Side& side) { return side.place(snapshot, order, reseat); };
    PolicyChoices now = decide(*candidate), then = decide(*inForce);
    if (!reseat && now.jobs.empty() && then.jobs.empty()) {
      reseat = true;
      now = decide(*candidate);
      then = decide(*inForce);
    }
    decide(*counting);
    if (options.json()) {
      std::cout << choiceJson(snapshot, now, then).dump(2) << "\n";
      return;
    }
    std::cout << (reseat ? options.has("reseat")
                               ? "the latest placements, decided again one after the other:\n"
                               : "no waiting job would start now, so the latest placements are "
                                 "decided again:\n"
                         : "where waiting jobs would start now:\n")
              << choiceText(snapshot, now, then, options.get<uint32_t>("limit"));
  }

  std::string useText() const {
    lua::SlotStats exact = counting->stats(), timed = candidate->stats();
    lua::CallUse use{exact.instructionsHighWater, exact.instructionLimit, timed.cpuHighWater,
                     timed.cpuLimit,              timed.memoryPeak,       timed.memoryLimit};
    return "used at most in one call of " + std::to_string(timed.calls) + ": " + use.text();
  }

  const Options& options;
  Snapshot snapshot;
  lua::Search search;
  std::string file, kind, inForceName;
  std::unique_ptr<Side> candidate, counting, inForce;
};

}  // namespace

int policyEval(CommandLine line) {
  Options options("policy-eval", "FILE",
                  "Shows what a fairness or placement policy would decide on a snapshot of the "
                  "queue, beside\nwhat is decided by the policy in force. A snapshot is made by "
                  "`maitred policy snapshot`.");
  options.add()("snapshot", po::value<std::string>(), "the snapshot's file")(
      "against", po::value<std::string>(), "compare with this policy, or with `built-in`")(
      "limit", po::value<uint32_t>()->default_value(20), "so many lines of a table")(
      "reseat", "placement: decide the latest placements again, also if waiting jobs would start")(
      "policy-path", po::value<std::vector<std::string>>(),
      "look for policies here too; may be repeated");
  if (!options.parse(line)) return 0;
  if (options.words().size() != 1) throw Failure(Exit::usage, "name one policy file");
  if (!options.has("snapshot")) throw Failure(Exit::usage, "--snapshot FILE is missing");
  return Evaluation(options, readSnapshot(options.get<std::string>("snapshot"))).run();
}

}  // namespace maitred::cook::cli
