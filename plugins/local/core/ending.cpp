#include "ending.h"

#include <cstring>

#include <sys/wait.h>

namespace maitred::local {

using backend::Reason;
using backend::TaskState;

namespace {

std::string mebibytes(uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

// What the command itself did, whoever made it do so.
void tellExit(const EndFacts& facts, Ending& ending) {
  if (WIFEXITED(facts.waitStatus)) {
    ending.code = WEXITSTATUS(facts.waitStatus);
    ending.message = "exited with code " + std::to_string(*ending.code);
  } else {
    ending.signal = uint8_t(WTERMSIG(facts.waitStatus));
    ending.message = "ended by signal " + std::to_string(*ending.signal);
    if (const char* name = sigabbrev_np(*ending.signal)) {
      ending.message += std::string(" (SIG") + name + ")";
    }
  }
}

void tellCause(const EndFacts& facts, Ending& ending) {
  auto because = [&](TaskState state, Reason reason, const std::string& text) {
    ending.state = state;
    ending.reason = reason;
    ending.message = ending.message.empty() ? text : text + "; " + ending.message;
  };
  switch (facts.cause) {
    case StopCause::none:
      break;
    case StopCause::consumer:
      return because(TaskState::KILLED, Reason::KILLED_BY_CONSUMER, "killed on request");
    case StopCause::preempted:
      return because(TaskState::KILLED, Reason::PREEMPTED, "killed to make room for another task");
    case StopCause::ranTooLong:
      return because(TaskState::FAILED, Reason::RAN_TOO_LONG,
                     "ran longer than " + std::to_string(facts.runMaxMs) + " ms");
    case StopCause::outOfMemory:
      return because(TaskState::FAILED, Reason::OUT_OF_MEMORY,
                     "used more memory than " + mebibytes(facts.memoryLimit));
    case StopCause::outOfDisk:
      return because(TaskState::FAILED, Reason::OUT_OF_DISK,
                     facts.diskUnseen
                         ? "its sandbox could not be measured, since folders deep in it are moved "
                           "all the time; it may hold " + mebibytes(facts.diskLimit)
                         : "its sandbox grew beyond " + mebibytes(facts.diskLimit));
    case StopCause::probeFailed:
      return because(TaskState::FAILED, Reason::PROBE_FAILED, "its health probe failed too often");
  }
  bool succeeded = ending.code == 0;
  if (facts.oomKilled && !succeeded) {
    return because(TaskState::FAILED, Reason::OUT_OF_MEMORY,
                   "needed more memory than " + mebibytes(facts.memoryLimit));
  }
  ending.state = succeeded ? TaskState::SUCCEEDED : TaskState::FAILED;
  ending.reason = ending.code ? Reason::EXITED : Reason::SIGNALLED;
  if (facts.oomKilled) ending.message += "; one of its processes was killed for want of memory";
}

}  // namespace

Ending endingOf(const EndFacts& facts) {
  Ending ending;
  if (facts.commandStarted) {
    tellExit(facts, ending);
    tellCause(facts, ending);
  } else if (facts.cause == StopCause::none) {
    ending.state = TaskState::FAILED;
    ending.reason = facts.failureReason;
    ending.message = facts.failure;
  } else {
    tellCause(facts, ending);
    ending.message += " before its command was started";
  }
  if (!facts.note.empty()) ending.message += "; " + facts.note;
  return ending;
}

Ending vanished(bool commandStarted, bool machineRestarted) {
  Ending ending;
  ending.state = TaskState::LOST;
  ending.reason = machineRestarted ? Reason::NODE_RESTARTED : Reason::RESULT_LOST;
  ending.message = machineRestarted ? "the machine was restarted while the task ran"
                                    : "the process that watched over the task is gone";
  if (!commandStarted) ending.message += "; the command had not been started";
  return ending;
}

}  // namespace maitred::local
