#pragma once
// The small files beside a sandbox, as Cap'n Proto messages.

#include "core/ending.h"
#include "record.capnp.h"

#include <capnp/serialize.h>

#include <string>

namespace maitred::local {

inline constexpr const char* RECORD = "record";      // from the start on
inline constexpr const char* ENDED = "ended";        // until its consumer has it
inline constexpr const char* REPORTED = "reported";  // the same, afterwards
inline constexpr const char* SANDBOX = "sandbox";

// What core/ending.h has found out; the rest is the caller's.
void writeEnding(const Ending& ending, Ended::Builder out);

// False with errno set where the disk refuses.
bool writeMessage(int folder, const char* name, capnp::MessageBuilder& message);

// A message from disk, owned. Absent and damaged files are told apart, since a damaged record is
// still a task that may be running.
class StoredMessage {
 public:
  StoredMessage(int folder, const char* name);
  bool absent() const { return !found; }
  bool damaged() const { return found && reader == nullptr; }
  bool good() const { return reader != nullptr; }
  template <typename T>
  typename T::Reader root() {
    return reader->getRoot<T>();
  }

 private:
  bool found = false;
  kj::Array<capnp::word> words;
  kj::Own<capnp::FlatArrayMessageReader> reader;
};

}  // namespace maitred::local
