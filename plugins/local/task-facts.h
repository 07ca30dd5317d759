#pragma once
// What is known of one task: the values of its record, and how they become statuses. No I/O.

#include "core/ending.h"
#include "record.capnp.h"

#include <maitred/backend/server.h>

#include <optional>
#include <string>
#include <vector>

namespace maitred::local {

struct TaskFacts {
  backend::TaskKey key;
  std::string nodeId, address, pool;
  backend::Amounts resources;
  std::vector<backend::EndpointFacts> endpoints;
  std::string digestHex, account, bootId;
  std::string sandboxPath, sandboxUrl;   // not in the record
  int64_t acceptedAt = 0, startedAt = 0;
  int32_t shimPid = 0;
  uint64_t shimStart = 0;
  std::vector<std::string> cgroups;
  std::optional<backend::ProgressFacts> progress;  // not in the record
};

struct EndFactsOnDisk {
  Ending ending;
  int64_t at = 0;
  int64_t startedAt = 0;
  bool commandStarted = false;
  std::optional<backend::ProgressFacts> progress;
};

TaskFacts factsFrom(Record::Reader record);
void writeFacts(const TaskFacts& facts, Record::Builder record);
EndFactsOnDisk endFrom(Ended::Reader ended);

// running if the command was started, else starting
backend::Status statusOf(const TaskFacts& facts);
backend::Status statusOf(const TaskFacts& facts, const EndFactsOnDisk& end);
std::vector<backend::PortGrant> grantsOf(const TaskFacts& facts);

}  // namespace maitred::local
