#pragma once
// CaseLog: records cycles as long as it lives. It is the loop's side: records are built here and
// written elsewhere, and whatever goes wrong with them stops the recording and never the queue.

#include "recorder.h"

#include <maitred/log.h>
#include <maitred/metrics.h>

#include <kj/timer.h>
#include <kj/vector.h>

#include <deque>

namespace maitred::cook {

// Where records go. The owner waits for each call before it makes the next.
class CaseSink {
 public:
  virtual ~CaseSink() noexcept(false) {}
  // Appends to the present file, or to a new one if `begin`. Resolves with the file's size.
  // `prune`: a complete snapshot has been written, so that the oldest files may go.
  virtual kj::Promise<std::uint64_t> write(kj::Vector<Recorder::Message> records, bool begin,
                                           bool prune) = 0;
  // The present file never came to one: it may go.
  virtual kj::Promise<void> discard() = 0;
};

// Files of a folder, see CaseFiles; packed and written on a pool thread.
kj::Own<CaseSink> caseFileSink(std::string folder, std::size_t files);

struct CaseWorld {
  Book& book;
  NodeTable& nodes;
  kj::Timer& timer;
  const kj::Clock& clock;
  log::Logger& log;
  metrics::Registry& metrics;
  std::string instance;
};

class CaseLog final : private kj::TaskSet::ErrorHandler {
 public:
  // `sizeMost`: a new file is begun once the present one has that many bytes. `runs` names
  // recordings: unique ids.
  CaseLog(CaseWorld world, kj::Own<CaseSink> sink, std::uint64_t sizeMost,
          std::function<Uuid()> runs);
  KJ_DISALLOW_COPY(CaseLog);

  // Decides by `decide` and records it, if anything is recorded at present.
  CycleResult cycle(const CycleOptions& options, std::int64_t nowMs, const PoliciesInForce& inForce,
                    const std::function<CycleResult(const CycleOptions&)>& decide);
  // Resolves when all that was recorded until now is written, or given up; after 2 s anyway.
  kj::Promise<void> flush();
  bool recording() const { return recorder != nullptr; }

 private:
  struct Batch {  // for one file
    kj::Vector<Recorder::Message> records;
    bool begin = false;
  };
  CaseWorld world;
  kj::Own<CaseSink> sink;
  std::uint64_t sizeMost;
  std::function<Uuid()> runs;
  std::unique_ptr<Recorder> recorder;  // null: nothing is recorded
  std::uint64_t episode = 0;  // counts recordings, so that late answers are known
  std::deque<Batch> batches;
  std::size_t pendingWords = 0;  // of the batches, 8 bytes each
  bool busy = false;        // a call to the sink is under way, perhaps of a former recording
  bool discardDue = false;  // the file of the former recording may go
  bool resting = false, pruneDue = false, warned = false;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> flushes;
  kj::TaskSet tasks;

  void start();
  void stop(const std::string& why);
  void beginFile();
  void take(Recorder::Message record);
  void pump();
  void rest();
  void wrote(std::uint64_t size, std::size_t words, bool whole);
  void discard();
  void answerFlushes();
  metrics::Counter& lost();
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace maitred::cook
