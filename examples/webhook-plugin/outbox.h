#pragma once
// What must not be lost, in one SQLite file: the place in the queue's changes, and the messages
// that the receiver has not taken yet. Both change in one transaction; that is why a crash at any
// moment neither loses a job nor gives one end two names.

#include <maitred/async.h>
#include <maitred/store.h>

#include <optional>
#include <string>
#include <vector>

namespace webhook_plugin {

struct Arrival {     // one changed job, as the queue told it
  std::string job;
  uint64_t sequence;
  uint32_t attempts; // instances so far
  std::optional<std::string> event, body;  // if it has finished
};

struct Message {
  int64_t id;
  std::string event, body;
  uint32_t tries;  // this one included; more than 1: the receiver may know it already
};

enum class Outcome { sent, refused, away };

class Outbox {
 public:
  // `now` is kept as the time of the very first start.
  static maitred::Async<kj::Own<Outbox>> open(std::string url, std::string directory,
                                              std::string instance, int64_t now);
  Outbox(kj::Own<maitred::store::Store> store) : store(kj::mv(store)) {}

  uint64_t fence = 0;  // set when the host leads

  // Up to which change the queue has been heard, 0 for nothing; and which job it was that changed
  // last, by which one can tell whether the queue still has the same history.
  uint64_t place() const { return sequence; }
  const std::string& lastJob() const { return last; }
  uint64_t lastSequence() const { return lastAt; }
  int64_t bornAt() const { return born; }
  uint64_t waiting() const { return waitingCount; }
  uint64_t refused() const { return refusedCount; }
  maitred::store::Store& file() { return *store; }

  // Resolves when durable.
  maitred::Async<void> add(std::vector<Arrival> arrivals, uint64_t upTo);

  // The queue has another history now: hear all of it. What has been told stays told.
  maitred::Async<void> startOver();

  // The messages tried least often, the oldest of them first, so that one that the receiver cannot
  // digest holds up no other. They are counted as tried *before* they are: after a crash the next
  // attempt then says that it is not the first.
  maitred::Async<std::vector<Message>> take(uint32_t most);

  maitred::Async<void> finish(std::vector<std::pair<int64_t, Outcome>> outcomes);

  // Makes refused messages wait again; how many.
  maitred::Async<uint64_t> retryRefused();

 private:
  maitred::Async<void> count();

  kj::Own<maitred::store::Store> store;
  uint64_t sequence = 0, lastAt = 0, waitingCount = 0, refusedCount = 0;
  std::string last;
  int64_t born = 0;
};

}  // namespace webhook_plugin
