#pragma once
// A batch of task statuses of about 300 bytes each, as a backend sends them.

#include <maitred/schema/backend.capnp.h>

namespace maitred::bench {

inline void fillStatuses(backend::Batch::Builder batch, uint32_t count) {
  auto tasks = batch.initTasks(count);
  for (uint32_t i = 0; i < count; ++i) {
    auto task = tasks[i];
    task.setTaskId(kj::str("7f1c2a34-9d3e-4b5f-8a61-", kj::hex(0x100000000000u + i)));
    task.setState(backend::TaskState::SUCCEEDED);
    task.setReason(backend::Reason::EXITED);
    task.setAt(1700000000000000000 + i);
    task.setNodeId("node-17");
    task.setHostname("node-17.cluster.example.org");
    task.initExit().setCode(0);
    task.setCommandStarted(true);
    task.setSandboxUrl(
        "http://127.0.0.17:5051/files/read.json?path=%2Fvar%2Flib%2Fmaitred%2Fsandbox");
    task.setSandboxPath("/var/lib/maitred/sandbox/7f1c2a34");
  }
}

// What a consumer does at least: reads id and state of each.
inline uint64_t touchStatuses(backend::Batch::Reader batch) {
  uint64_t sum = 0;
  for (auto task : batch.getTasks()) {
    sum += task.getTaskId().size() + static_cast<uint64_t>(task.getState());
  }
  return sum;
}

}  // namespace maitred::bench
