#pragma once
// Between the queue's words and the Backend contract's.

#include "execution.h"

#include <core/book.h>
#include <core/nodes.h>

#include <maitred/schema/backend.capnp.h>

namespace maitred::cook {

// The task of an instance, which may run for so long.
void writeSpec(const Job& job, const Instance& instance, std::int64_t runtimeMostMs,
               const ExecutionSettings& execution, backend::TaskSpec::Builder out);

std::string text(capnp::Text::Reader reader);

// Cook writes doubles with a decimal point: 1.0, 0.25.
std::string decimal(double value);

NodeFacts factsOf(const std::string& cluster, backend::Node::Reader node);
RoomFacts roomOf(backend::Room::Reader room);

// What a status means for an instance.
struct Verdict {
  enum class Kind {
    news,      // hand `report` to the book
    withdraw,  // it never ran: no retry is charged
    ignore,
  };
  Kind kind = Kind::ignore;
  Report report;
};
Verdict verdictOn(backend::TaskStatus::Reader status, std::int64_t nowMs);

ProgressReport progressOf(backend::Progress::Reader progress);
// Whether a report says what is known of the instance already, but for its message.
bool tellsNothingElse(const Report& report, const Instance& instance);

// The failure reason of a terminal state, 0 for a success.
int reasonOf(backend::TaskState state, backend::Reason reason);

// What becomes of an instance whose launch was refused.
struct RefusalVerdict {
  int failWith = 0;        // a reason code: trying again is pointless; 0: withdraw it
  bool blameNode = false;  // the node had no room: leave it alone for a while
};
RefusalVerdict verdictOn(backend::RefusalReason reason);

}  // namespace maitred::cook
