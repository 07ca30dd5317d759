#pragma once
// From an accepted order to what a shim needs. No I/O.

#include "settings.h"
#include "task-facts.h"

#include <maitred/backend/runner.h>

#include <capnp/message.h>

namespace maitred::local {

struct LaunchParts {
  const Settings& settings;
  const CgroupPlace& cgroups;
  const backend::LaunchOrder& order;
  const AccountChoice& account;
  std::string bootId;
  int64_t now;
};

// What the record will say; also the base of the message.
TaskFacts factsOf(const LaunchParts& parts);
// `work folder`/tasks/<consumer>/<id>/sandbox, and its URL
void addSandbox(const Settings& settings, TaskFacts& facts);

void writeLaunch(const LaunchParts& parts, const TaskFacts& facts, uint64_t token,
                 Launch::Builder launch);

}  // namespace maitred::local
