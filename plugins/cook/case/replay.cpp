#include "replay.h"

#include "compare.h"
#include "decode.h"

#include <policy/deciders.h>

#include <stdexcept>

namespace maitred::cook {
namespace {

// A recorded policy at its place.
struct Decider {
  Decider(const std::string& kind, PolicyTables& tables) : slot({.kind = kind}) {
    if (kind == "fairness") scorer = std::make_unique<LuaScorer>(slot, tables);
    if (kind == "placement") fitness = std::make_unique<LuaFitness>(slot, tables);
  }
  lua::PolicySlot slot;
  std::unique_ptr<LuaScorer> scorer;
  std::unique_ptr<LuaFitness> fitness;
};

// The ids that were handed out, and then others, which are as unique.
class Ids {
 public:
  explicit Ids(capnp::List<casefile::Start>::Reader started) : started(started) {}
  Uuid next() {
    if (at < started.size()) return idOf(started[at++].getTask());
    return {UINT64_MAX, ++beyond};
  }

 private:
  capnp::List<casefile::Start>::Reader started;
  unsigned at = 0;
  std::uint64_t beyond = 0;
};

}  // namespace

struct CaseReplay::State {
  ReplayOptions options;
  PolicyTables tables;
  std::unique_ptr<Decider> other;  // in place of the recorded fairness policy
  std::unique_ptr<Replica> replica = std::make_unique<Replica>();
  bool known = false;
  bool intact = false;  // the file before has ended whole
  Uuid run;
  std::uint64_t file = 0;
  std::map<std::uint32_t, std::unique_ptr<Decider>> policies;  // of the file
  std::map<std::pair<std::string, std::string>, std::int64_t> tokens;  // by pool and user, latest

  void header(casefile::Header::Reader header);
  void policy(casefile::Policy::Reader told);
  Decider* decider(std::uint32_t number, const char* kind);
  CycleResult decide(casefile::Cycle::Reader cycle, const CaseTexts& texts);
  void cycle(const CaseReader& reader, casefile::Cycle::Reader cycle, ReplayReport& report);
  void settle(casefile::Cycle::Reader cycle, const std::string& pool, const CycleResult& result,
              bool agrees);
};

void CaseReplay::State::header(casefile::Header::Reader header) {
  bool goesOn = intact && idOf(header.getRun()) == run && header.getFile() == file + 1;
  if (!goesOn) {
    replica = std::make_unique<Replica>();
    known = false;
    tokens.clear();
  }
  run = idOf(header.getRun());
  file = header.getFile();
  intact = false;
  // A policy that comes may be at the place in memory of one that goes.
  policies.clear();
  replica->book.rescore();
}

void CaseReplay::State::policy(casefile::Policy::Reader told) {
  std::string kind = told.getKind().cStr();
  if (kind != "fairness" && kind != "placement") {
    throw CaseDamage("has a policy of kind " + kind + ", which no cycle asks");
  }
  auto decider = std::make_unique<Decider>(kind, tables);
  lua::Policy::Options options = decider->slot.policyOptions();
  for (auto module : told.getModules()) {
    options.modules.push_back({module.getName().cStr(), module.getText().cStr()});
  }
  auto text = told.getText();
  auto loaded =
      lua::Policy::loadText(told.getFile().cStr(), {text.begin(), text.size()}, options);
  if (!loaded) throw CaseDamage("has a policy that cannot be loaded: " + loaded.text());
  if (loaded.policy->version() != told.getVersion().cStr()) {
    throw CaseDamage(std::string("has version ") + told.getVersion().cStr() + " of policy " +
                     told.getFile().cStr() + ", but its text is version " +
                     loaded.policy->version());
  }
  decider->slot.install(std::move(loaded));
  policies[told.getNumber()] = std::move(decider);
}

Decider* CaseReplay::State::decider(std::uint32_t number, const char* kind) {
  if (number == 0) return nullptr;
  auto at = policies.find(number);
  if (at == policies.end() || at->second->slot.policyOptions().kind != kind) {
    throw CaseDamage("was decided by " + std::string(kind) + " policy " + std::to_string(number) +
                     ", which the file does not have");
  }
  at->second->slot.retry();
  return at->second.get();
}

CycleResult CaseReplay::State::decide(casefile::Cycle::Reader cycle, const CaseTexts& texts) {
  Book& book = replica->book;
  CycleOptions options = optionsOf(cycle, texts);
  const std::string& pool = options.queue.pool;
  for (auto rate : cycle.getRates()) {
    constexpr std::int64_t MOST = 1ll << 53;
    std::int64_t told = std::clamp(rate.getTokens(), -MOST, MOST);
    tokens[{pool, texts.at(rate.getUser())}] = told;
  }
  if (cycle.getOptions().getLaunchRates()) {
    options.queue.launchTokens = [&](const std::string& user) {
      auto at = tokens.find({pool, user});
      // With another policy some are asked for who were not: as if they had saved up all.
      if (at != tokens.end()) return at->second;
      return static_cast<std::int64_t>(
          std::min(1e15, book.quotas(pool).of(user).launchRateSaved));
    };
  }
  std::map<std::uint64_t, bool> heldBack;
  for (auto one : cycle.getHeldBack()) heldBack.emplace(one.getJob(), one.getStop());
  if (!heldBack.empty()) {
    // With another policy some are met that the filters were not asked about: those may start.
    options.queue.mayLaunch = [&](const Job& job) {
      auto at = heldBack.find(job.order);
      if (at == heldBack.end()) return Launch::yes;
      return at->second && !other ? Launch::stop : Launch::no;
    };
  }
  const Pool* its = book.pools().find(pool);
  Scorer* scorer = &builtInScorer(its != nullptr && its->druMode == DruMode::gpu);
  if (Decider* fairness = other ? other.get() : decider(cycle.getFairness(), "fairness")) {
    fairness->slot.retry();
    scorer = fairness->scorer.get();
    // Scores hold for the time and the nodes that they were worked out by.
    if (fairness->scorer->wantsJob()) book.rescore();
  }
  Decider* placement = decider(cycle.getPlacement(), "placement");
  book.headRule(pool).restore(headOf(cycle.getHead()));
  tables.begin({&book, &replica->nodes, pool, clockOf(cycle)});
  replica->restoreReservations();
  Ids ids(cycle.getOutcome().getStarted());
  return runCycle(book, replica->nodes, *scorer,
                  placement == nullptr ? nullptr : placement->fitness.get(), options,
                  timeOf(cycle.getWallMs()), [&] { return ids.next(); });
}

void CaseReplay::State::settle(casefile::Cycle::Reader cycle, const std::string& pool,
                           const CycleResult& result, bool agrees) {
  if (agrees) return replica->keep(pool, result);
  replica->undo(pool, result, timeOf(cycle.getWallMs()));
  replica->start(cycle, pool, true);
}

namespace {

// Jobs that only one of the two started, by user.
void tally(const Replica& replica, casefile::Cycle::Reader cycle, const CycleResult& result,
           ReplayReport& report) {
  std::map<const Job*, int> only;
  for (auto one : cycle.getOutcome().getStarted()) {
    if (const Job* job = replica.job(one.getJob())) ++only[job];
  }
  for (const auto& one : result.started) --only[one.job];
  for (const auto& [job, count] : only) {
    auto& its = report.moved[job->spec.user.str()];
    if (count > 0) ++its.first;
    if (count < 0) ++its.second;
  }
  std::erase_if(report.moved, [](const auto& entry) {
    return entry.second == std::pair<std::uint64_t, std::uint64_t>();
  });
}

std::optional<Differing> stateDifference(casefile::Cycle::Reader cycle, std::size_t waiting,
                                         std::size_t openNodes) {
  auto text = [](std::uint64_t jobs, std::uint64_t nodes) {
    return "before it " + std::to_string(jobs) + " jobs in the queue and " +
           std::to_string(nodes) + " nodes with room";
  };
  if (cycle.getWaiting() == waiting && cycle.getOpenNodes() == openNodes) return std::nullopt;
  return Differing{text(cycle.getWaiting(), cycle.getOpenNodes()), text(waiting, openNodes)};
}

}  // namespace

void CaseReplay::State::cycle(const CaseReader& reader, casefile::Cycle::Reader cycle,
                          ReplayReport& report) {
  ++report.cycles;
  const std::string& pool = reader.texts().at(cycle.getPool());
  replica->apply(cycle.getChanges(), reader.texts(), known);
  if (!known) {
    ++report.unknown;
    replica->start(cycle, pool, false);
    return;
  }
  std::size_t waiting = replica->book.ranking(pool).waitingCount();
  std::size_t openNodes = replica->nodes.openCount(pool);
  CycleResult result = decide(cycle, reader.texts());
  auto exact = difference(*replica, cycle, result);
  auto found = stateDifference(cycle, waiting, openNodes);
  if (!found) found = other ? differenceOfStarts(*replica, cycle, result) : exact;
  report.starts += cycle.getOutcome().getStarted().size();
  if (!found) {
    ++report.agreed;
  } else {
    if (report.differences.size() < ReplayReport::DIFFERENCES_MOST) {
      report.differences.push_back({reader.place(), cycle.getNumber(), cycle.getWallMs(), pool,
                                    found->recorded, found->replayed});
    }
    tally(*replica, cycle, result, report);
  }
  // A policy that failed had ids, which the record does not have, for what it decided in vain.
  settle(cycle, pool, result, !exact && !result.policyFailed);
}

CaseReplay::CaseReplay(ReplayOptions options) : state(std::make_unique<State>()) {
  state->options = std::move(options);
  if (state->options.fairness.empty()) return;
  state->other = std::make_unique<Decider>("fairness", state->tables);
  lua::Policy::Options policy = state->other->slot.policyOptions();
  policy.search = state->options.search;
  auto loaded = lua::Policy::load(state->options.fairness, policy);
  if (!loaded) throw std::invalid_argument(loaded.text());
  state->other->slot.install(std::move(loaded));
}

CaseReplay::~CaseReplay() = default;

void CaseReplay::add(const std::string& name, std::string bytes) {
  CaseReader reader(name, std::move(bytes));
  bool begun = false;
  while (reader.next()) {
    reader.with([&](casefile::Record::Reader record) {
      if (record.isHeader() == begun) {
        throw CaseDamage(begun ? "begins a file in its middle" : "comes before the file's header");
      }
      begun = true;
      switch (record.which()) {
        case casefile::Record::HEADER:
          return state->header(record.getHeader());
        case casefile::Record::POLICY:
          return state->policy(record.getPolicy());
        case casefile::Record::CHANGES:
          return state->replica->apply(record.getChanges(), reader.texts(), state->known);
        case casefile::Record::WHOLE:
          state->known = true;
          break;
        case casefile::Record::CYCLE:
          return state->cycle(reader, record.getCycle(), report_);
        default:
          break;  // of a later version
      }
    });
  }
  state->intact = reader.torn() == 0;
  if (reader.torn() != 0) {
    report_.notes.push_back(name + ": its last " + std::to_string(reader.torn()) +
                            " bytes are no whole record, as after a crash; they were passed by");
  }
}

ReplayReport replay(const std::string& path, ReplayOptions options) {
  CaseReplay replay(std::move(options));
  for (const std::string& file : caseFilesAt(path)) replay.add(file, readCaseFile(file));
  return replay.report();
}

}  // namespace maitred::cook
