#pragma once
// Life: what dies with the queue's process.

#include "world.h"

namespace maitred::simulation {

struct World::Life final : private kj::TaskSet::ErrorHandler {
  explicit Life(World& world)
      : world(world),
        log([this](log::Level, kj::StringPtr text) { hear(text.cStr()); }, log::Level::info),
        policies({}, [](const std::string&) {}),
        waiting(*this) {}

  void taskFailed(kj::Exception&& exception) override {
    throw Violation(exception.getDescription().cStr());
  }

  void hear(const std::string& line) {
    world.note(line, false);
    if (queue.get() != nullptr) world.preemptions.read(*queue, line);
  }

  World& world;
  log::Logger log;
  metrics::Registry metrics;
  cook::Policies policies;
  kj::Own<cook::Records> records;
  kj::Own<cook::BatchQueue> queue;
  kj::TaskSet waiting;  // answers
};

}  // namespace maitred::simulation
