// What it was granted: slow to answer, or taken away.
#include "../activity.h"

namespace maitred::host::conform {

namespace {

bool isGrantedAnything(const Subject& subject) {
  return subject.manifest().getRequires().size() > 0 || subject.manifest().getNeeds().size() > 0;
}

void requireGrants(const Trial& trial) {
  if (!isGrantedAnything(trial.subject))
    throw NotApplicable{"it requires nobody and needs nothing of its host"};
}

void readyAgain(Trial& trial, Life& life) {
  if (life.providers().allWork()) {
    life.untilReady();
  } else {
    trial.pause(50 * kj::MILLISECONDS);
    life.health();
  }
}

}  // namespace

std::string checkSlowHost(Trial& trial) {
  requireGrants(trial);
  constexpr kj::Duration slowness = 100 * kj::MILLISECONDS;
  trial.step("start() where each call to its host takes up to " + shortTime(slowness));
  Life life(trial);
  life.providers().slow(slowness);
  auto starting = life.starting().eagerlyEvaluate(nullptr);
  life.health();  // answered meanwhile
  life.await(kj::mv(starting));
  life.await(life.activating());
  trial.step("at work with a slow host");
  Activity activity(trial, life);
  for (int i = 0; i < 5; ++i) {
    activity.something();
    life.health();
    trial.pause(20 * kj::MILLISECONDS);
  }
  readyAgain(trial, life);
  activity.settle();
  trial.step("stopping it with a slow host");
  life.stop();
  auto calls = life.providers().calls();
  return calls == 0 ? "it called nobody" : std::to_string(calls) + " calls answered late";
}

namespace {

using Type = kj::Exception::Type;

const char* nameOf(Type type) {
  return type == Type::DISCONNECTED ? "DISCONNECTED" : "FAILED";
}

// start() may fail then; it may not crash, and not keep silent.
void revokedInStart(Trial& trial, Type type) {
  auto rounds = trial.below(20);
  trial.step(std::string("its grants revoked with ") + nameOf(type) + " " +
             std::to_string(rounds) + " rounds of the loop into start()");
  Life life(trial);
  auto starting = life.starting().eagerlyEvaluate(nullptr);
  trial.turns(rounds);
  life.providers().revoke(type);
  KJ_IF_MAYBE (exception, exceptionOf([&]() { life.await(kj::mv(starting)); })) {
    if (Trial::isLate(*exception)) trial.fail("start() neither succeeds nor fails");
  }
  life.health();
  life.hangUp();
  life.untilGone();
}

void revokedAtWork(Trial& trial, Type type, uint64_t rounds) {
  trial.step(std::string("its grants revoked with ") + nameOf(type) + " " +
             std::to_string(rounds) + " rounds of the loop after activate()");
  Life life(trial);
  life.start();
  Activity activity(trial, life);
  activity.something();
  trial.turns(rounds);
  life.providers().revoke(type);
  for (int k = 0; k < 4; ++k) {
    activity.something();
    life.health();
    trial.pause(10 * kj::MILLISECONDS);
  }
  if (type == Type::DISCONNECTED) {
    trial.step("its grants given again after DISCONNECTED");
    life.providers().restore();
    readyAgain(trial, life);
  }
  activity.settle();
  trial.step("stopping it after a revocation");
  life.stop();
}

}  // namespace

std::string checkRevoked(Trial& trial) {
  requireGrants(trial);
  constexpr int rounds = 3;
  for (auto type : {Type::DISCONNECTED, Type::FAILED}) {
    revokedInStart(trial, type);
    // Once after it has settled, then at once or soon.
    for (int i = 0; i < rounds; ++i) revokedAtWork(trial, type, i == 0 ? 1000 : trial.below(64));
  }
  return "with DISCONNECTED and with FAILED, " + std::to_string(2 * rounds) +
         " times at work and twice during start()";
}

}  // namespace maitred::host::conform
