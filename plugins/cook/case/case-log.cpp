#include "case-log.h"

namespace maitred::cook {
namespace {

constexpr std::size_t PART = 2000;                   // jobs or nodes looked at in one turn
constexpr std::size_t PENDING_MOST = (32 << 20) / 8;  // words
constexpr kj::Duration PAUSE = 1 * kj::MILLISECONDS;  // in which others have their turn
constexpr kj::Duration RETRY = 30 * kj::SECONDS;
constexpr kj::Duration FLUSH_MOST = 2 * kj::SECONDS;

std::int64_t nowMs(const kj::Clock& clock) {
  return (clock.now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
}

}  // namespace

CaseLog::CaseLog(CaseWorld worldIn, kj::Own<CaseSink> sink, std::uint64_t sizeMost,
                 std::function<Uuid()> runs)
    : world(std::move(worldIn)),
      sink(kj::mv(sink)),
      sizeMost(sizeMost),
      runs(std::move(runs)),
      tasks(*this) {
  start();
}

void CaseLog::start() {
  // A disk that hangs must not get one call after the other.
  if (busy) {
    tasks.add(world.timer.afterDelay(RETRY).then([this] { start(); }));
    return;
  }
  Recorder::Origin origin{MAITRED_VERSION, world.instance, runs()};
  recorder = std::make_unique<Recorder>(world.book, world.nodes, std::move(origin),
                                        [this](Recorder::Message record) { take(kj::mv(record)); });
  beginFile();
  world.metrics.gauge("maitred_cook_case_recording", "1 while cycles are recorded").set(1);
  pump();
}

void CaseLog::stop(const std::string& why) {
  if (recorder == nullptr) return;
  discardDue = !recorder->whole();
  recorder = nullptr;
  ++episode;
  batches.clear();
  pendingWords = 0;
  if (!busy) discard();
  answerFlushes();
  world.metrics.gauge("maitred_cook_case_recording", "1 while cycles are recorded").set(0);
  if (!warned) {
    world.log.warning("cycles are not recorded any more: ", why.c_str(),
                      "; it is tried again every 30 s");
  }
  warned = true;
  tasks.add(world.timer.afterDelay(RETRY).then([this] { start(); }));
}

// What is left of a recording that was stopped.
void CaseLog::discard() {
  if (!std::exchange(discardDue, false)) return;
  busy = true;
  tasks.add(sink->discard().then([this] { busy = false; },
                                 [this](kj::Exception&& exception) {
                                   busy = false;
                                   taskFailed(kj::mv(exception));
                                 }));
}

void CaseLog::beginFile() {
  batches.push_back({{}, true});
  pruneDue = true;
  recorder->beginFile(nowMs(world.clock));
}

void CaseLog::take(Recorder::Message record) {
  pendingWords += record->sizeInWords();
  batches.back().records.add(kj::mv(record));
}

CycleResult CaseLog::cycle(const CycleOptions& options, std::int64_t nowMs,
                           const PoliciesInForce& inForce,
                           const std::function<CycleResult(const CycleOptions&)>& decide) {
  if (recorder == nullptr) {
    lost().add();
    return decide(options);
  }
  CycleResult result;
  try {
    result = recorder->cycle(options, nowMs, inForce, decide);
  } catch (...) {
    stop("a cycle failed in its middle");
    throw;
  }
  world.metrics.counter("maitred_cook_case_cycles_total", "Cycles recorded").add();
  if (pendingWords > PENDING_MOST) {
    stop("they come faster than they can be written");
  } else {
    pump();
  }
  return result;
}

metrics::Counter& CaseLog::lost() {
  return world.metrics.counter("maitred_cook_case_lost_cycles_total",
                               "Cycles that should have been recorded and were not");
}

// One write is under way; what comes meanwhile goes into the next. The snapshot goes on as fast as
// it can be written.
void CaseLog::pump() {
  if (recorder == nullptr || busy || resting) return;
  bool more = recorder->snapshotPart(PART);
  if (batches.front().records.empty() && batches.size() > 1) batches.pop_front();
  if (batches.front().records.empty()) {
    if (more) return rest();
    return answerFlushes();
  }
  Batch batch = kj::mv(batches.front());
  batches.pop_front();
  bool whole = recorder->whole() && batches.empty();
  if (batches.empty()) batches.push_back({});
  std::size_t words = 0;
  for (auto& record : batch.records) words += record->sizeInWords();
  bool prune = whole && std::exchange(pruneDue, false);
  busy = true;
  tasks.add(sink->write(kj::mv(batch.records), batch.begin, prune)
                .then(
                    [this, words, whole, run = episode](std::uint64_t size) {
                      busy = false;
                      if (run != episode) return discard();
                      wrote(size, words, whole);
                    },
                    [this, run = episode](kj::Exception&& exception) {
                      busy = false;
                      if (run != episode) return discard();
                      stop(exception.getDescription().cStr());
                    }));
}

// Nothing of what was looked at was worth a record.
void CaseLog::rest() {
  resting = true;
  tasks.add(world.timer.afterDelay(PAUSE).then([this] {
    resting = false;
    pump();
  }));
}

void CaseLog::wrote(std::uint64_t size, std::size_t words, bool whole) {
  pendingWords -= words;
  world.metrics.gauge("maitred_cook_case_file_bytes", "Size of the present case file").set(size);
  bool another = batches.front().begin;  // is to come behind this one
  if (!recorder->whole() && !another && size > sizeMost / 2) {
    return stop("the queue's state alone takes more than half of a file of " +
                std::to_string(sizeMost) + " bytes: case_file.size must be larger");
  }
  if (whole && std::exchange(warned, false)) world.log.info("cycles are recorded again");
  if (recorder->whole() && !another && size >= sizeMost) beginFile();
  pump();
}

kj::Promise<void> CaseLog::flush() {
  if (recorder == nullptr) return kj::READY_NOW;
  auto pair = kj::newPromiseAndFulfiller<void>();
  flushes.push_back(kj::mv(pair.fulfiller));
  pump();
  // A disk that hangs keeps nobody from ending.
  return pair.promise.exclusiveJoin(world.timer.afterDelay(FLUSH_MOST));
}

void CaseLog::answerFlushes() {
  for (auto& one : std::exchange(flushes, {})) one->fulfill();
}

void CaseLog::taskFailed(kj::Exception&& exception) {
  world.log.warning("case files: ", exception.getDescription());
}

}  // namespace maitred::cook
