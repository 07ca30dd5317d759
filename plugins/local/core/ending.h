#pragma once
// How a task's end is told: from what its shim saw to the contract's state and reason. Pure.

#include <maitred/schema/backend.capnp.h>

#include <cstdint>
#include <optional>
#include <string>

namespace maitred::local {

// Why the shim ended the task; the first cause stays.
enum class StopCause { none, consumer, preempted, ranTooLong, outOfMemory, outOfDisk, probeFailed };

struct EndFacts {
  bool commandStarted = false;
  int waitStatus = 0;            // as from waitpid(); read only if commandStarted
  StopCause cause = StopCause::none;
  bool oomKilled = false;        // the kernel killed something for want of memory
  uint64_t memoryLimit = 0;      // bytes, for the message
  uint64_t diskLimit = 0;        // likewise
  bool diskUnseen = false;       // nobody can tell how much of it was used
  uint64_t runMaxMs = 0;
  std::string failure;           // why it could not be started, if commandStarted is false
  backend::Reason failureReason = backend::Reason::UNSPECIFIED;
  std::string note;              // appended to the message
};

struct Ending {
  backend::TaskState state = backend::TaskState::UNSPECIFIED;
  backend::Reason reason = backend::Reason::UNSPECIFIED;
  std::string message;
  std::optional<int32_t> code;
  std::optional<uint8_t> signal;
};

Ending endingOf(const EndFacts& facts);

// What to say of a task whose shim has vanished without leaving word.
Ending vanished(bool commandStarted, bool machineRestarted);

}  // namespace maitred::local
