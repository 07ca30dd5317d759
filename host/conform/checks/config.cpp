// Faulty configs: what check() and start() do with them.
#include "../life.h"
#include "../mutants.h"

namespace maitred::host::conform {

namespace {

constexpr size_t checkedMost = 400;
constexpr size_t startedMost = 24;

Mutants mutantsOf(Trial& trial, const PluginSchema& schema) {
  KJ_IF_MAYBE (config, trial.subject.instance().typedConfig()) {
    return Mutants(schema, *config, trial.subject.instance().stateDirectory, trial.random);
  }
  throw NotApplicable{"it takes no config"};
}

// check() of each in one process, as nothing of it may leave traces.
size_t checkThem(Trial& trial, const Mutants& mutants) {
  size_t reported = 0;
  Life life(trial);
  for (size_t i = 0; i < std::min(mutants.size(), checkedMost); ++i) {
    trial.step("check() where " + mutants.what(i));
    auto message = mutants.make(i);
    auto request = life.plugin().checkRequest();
    request.initConfig().set(message->getRoot<capnp::AnyPointer>().asReader());
    bool problems = false;
    KJ_IF_MAYBE (exception, exceptionOf([&]() {
                   life.await(request.send().then([&problems](auto&& answer) {
                     problems = answer.getProblems().size() > 0;
                   }));
                 })) {
      trial.fail(std::string("it throws instead of reporting a problem: ") +
                 exception->getDescription().cStr());
    }
    reported += problems ? 1 : 0;
  }
  trial.step("after check()");
  life.hangUp();
  life.untilGone();
  return reported;
}

// start() of a sample: it may succeed or throw, and must end in order either way.
size_t startThem(Trial& trial, const Mutants& mutants) {
  size_t refused = 0;
  for (size_t i = 0; i < std::min(mutants.size(), startedMost); ++i) {
    trial.step("start() where " + mutants.what(i));
    auto message = mutants.make(i);
    Life life(trial);
    KJ_IF_MAYBE (exception, exceptionOf([&]() {
                   auto config = message->getRoot<capnp::AnyPointer>().asReader();
                   life.await(life.starting(config));
                   life.await(life.activating());
                 })) {
      if (Trial::isLate(*exception)) trial.fail("it neither succeeds nor fails");
      ++refused;
    } else {
      life.health();
    }
    life.hangUp();
    life.untilGone();
  }
  return refused;
}

}  // namespace

std::string checkConfig(Trial& trial) {
  if (!trial.subject.library().embedded().getConfigType()) {
    throw NotApplicable{"it takes no config"};
  }
  const auto& schema = *trial.subject.instance().schema;
  auto mutants = mutantsOf(trial, schema);
  auto reported = checkThem(trial, mutants);
  auto refused = startThem(trial, mutants);
  return std::to_string(mutants.size()) + " faulty configs: check() reported " +
         std::to_string(reported) + " of " +
         std::to_string(std::min(mutants.size(), checkedMost)) + ", start() refused " +
         std::to_string(refused) + " of " + std::to_string(std::min(mutants.size(), startedMost));
}

namespace {

struct Answers {
  size_t applied = 0, needRestart = 0, rejected = 0, threw = 0;
};

// One reconfigure(); its outcome is counted.
plugin::Outcome::Which reconfigured(Life& life, capnp::AnyPointer::Reader config,
                                    Answers& answers) {
  auto request = life.plugin().reconfigureRequest();
  if (!config.isNull()) request.initConfig().set(config);
  auto which = life.await(request.send().then([](auto&& answer) {
    return answer.getOutcome().which();
  }));
  answers.applied += which == plugin::Outcome::APPLIED ? 1 : 0;
  answers.needRestart += which == plugin::Outcome::NEEDS_RESTART ? 1 : 0;
  answers.rejected += which == plugin::Outcome::REJECTED ? 1 : 0;
  return which;
}

void sameConfig(Trial& trial, Life& life) {
  trial.step("reconfigure() with the same config");
  Answers answers;
  KJ_IF_MAYBE (exception, exceptionOf([&]() {
                 reconfigured(life, trial.subject.instance().config(), answers);
               })) {
    trial.fail(exception->getDescription().cStr());
  }
  if (answers.applied + answers.needRestart != 1) {
    trial.fail("it answers neither `applied` nor `needsRestart`");
  }
  life.health();
}

void otherConfigs(Trial& trial, Life& life, Answers& answers) {
  constexpr size_t most = 24;
  auto mutants = mutantsOf(trial, *trial.subject.instance().schema);
  for (size_t i = 0; i < std::min(mutants.size(), most); ++i) {
    trial.step("reconfigure() where " + mutants.what(i));
    auto message = mutants.make(i);
    KJ_IF_MAYBE (exception, exceptionOf([&]() {
                   auto config = message->getRoot<capnp::AnyPointer>().asReader();
                   reconfigured(life, config, answers);
                 })) {
      if (Trial::isLate(*exception)) trial.fail("it does not answer");
      ++answers.threw;
    }
    life.health();
  }
}

}  // namespace

std::string checkReconfigure(Trial& trial) {
  trial.step("start()");
  Life life(trial);
  life.start();
  sameConfig(trial, life);
  Answers answers;
  if (trial.subject.library().embedded().getConfigType() != 0) otherConfigs(trial, life, answers);
  trial.step("after reconfigure()");
  life.health();
  life.stop();
  return "the same config is taken; of others " + std::to_string(answers.applied) + " applied, " +
         std::to_string(answers.needRestart) + " need a restart, " +
         std::to_string(answers.rejected) + " rejected, " + std::to_string(answers.threw) +
         " failed";
}

}  // namespace maitred::host::conform
