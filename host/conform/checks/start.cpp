// Starting, and ending in order.
#include "../life.h"

namespace maitred::host::conform {

namespace {

void promisesKept(Trial& trial, Life& life) {
  for (auto promised : trial.subject.manifest().getProvides()) {
    KJ_IF_MAYBE (found, life.provided(promised.getTypeId())) {
      (void)found;
    } else {
      trial.fail(std::string("the manifest promises ") + promised.getName().cStr() +
                 ", but start() did not provide it");
    }
  }
  for (auto id : life.interfaces()) {
    if (!trial.subject.provides(id)) {
      trial.fail(std::string("it provides an interface that its manifest does not name: 0x") +
                 kj::str(kj::hex(id)).cStr());
    }
  }
}

}  // namespace

std::string checkStart(Trial& trial) {
  trial.step("start()");
  auto began = trial.timer().now();
  Life life(trial);
  life.start();
  auto took = trial.timer().now() - began;
  promisesKept(trial, life);
  trial.step("after its start");
  std::string ready = "ready";
  if (life.providers().allWork()) {
    life.untilReady();
  } else if (auto seen = life.health(); !seen.ready) {
    ready = "degraded without a real provider: " + seen.message;
  }
  trial.step("stopping it");
  life.stop();
  return ready + ", started in " + shortTime(took);
}

}  // namespace maitred::host::conform
