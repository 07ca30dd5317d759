#include "check.h"

namespace maitred::host::conform {

const char* nameOf(Isolation isolation) {
  switch (isolation) {
    case Isolation::process:
      return "process";
    case Isolation::inlined:
      return "inline";
    case Isolation::none:
      break;
  }
  return "-";
}

const char* nameOf(Result result) {
  switch (result) {
    case Result::passed:
      return "passed";
    case Result::notApplicable:
      return "not applicable";
    case Result::failed:
      break;
  }
  return "FAILED";
}

const std::vector<Check>& checks() {
  static const std::vector<Check> all = {
      {"note", "The file's note can be read, and the host takes it.", false, &checkNote},
      {"load", "It loads, exports one symbol, and its code is what its note says.", false,
       &checkLoad},
      {"start", "It starts, provides what it promises, becomes ready and ends in order.", true,
       &checkStart},
      {"config", "A faulty config is reported or refused; it never crashes or hangs.", true,
       &checkConfig},
      {"reconfigure", "The same config is taken; no other one does harm while it runs.", true,
       &checkReconfigure},
      {"health", "It answers health() while it works, and its metrics can be read.", true,
       &checkHealth},
      {"slow-host", "It bears a host and providers that answer late.", true, &checkSlowHost},
      {"revoked", "It outlives the loss of what it was granted.", true, &checkRevoked},
      {"half-closed", "Its process ends when its host has finished sending.", true,
       &checkHalfClosed},
      {"hang-up", "It ends when its host hangs up, whenever that is.", true, &checkHangUp},
      {"stop-in-start", "It can be stopped at any point of its start.", true, &checkStopInStart},
      {"drain-in-start", "drain() is answered at any point of its start.", true,
       &checkDrainInStart},
      {"drain-in-work", "drain() returns before its deadline at any point of its work.", true,
       &checkDrainInWork},
      {"repeat", "Started and stopped twenty times it leaves nothing behind.", true, &checkRepeat},
      {"listeners", "Garbage at its listeners does no harm.", true, &checkListeners},
      {"backend", "It keeps the first promises of the Backend contract.", true, &checkBackend},
  };
  return all;
}

const Check* checkNamed(const std::string& name) {
  for (const auto& check : checks()) {
    if (name == check.name) return &check;
  }
  return nullptr;
}

}  // namespace maitred::host::conform
