#pragma once
// How an instance is to be run: what its job says in the fields that are kept and shown
// (JobSpec::extra), and what the configuration says of the launcher.

#include <core/checkpointing.h>
#include <core/executor.h>

#include <maitred/schema/backend.capnp.h>

namespace maitred::cook {

struct ExecutionSettings {
  ExecutorSettings executor;
  CheckpointSettings checkpoint;
  std::uint32_t killGraceMs = 2000;
  bool operator==(const ExecutionSettings&) const = default;
};

// `unknown` if the job does not say.
Executor askedExecutor(const JobSpec& spec);

// Everything that the instance finds in its environment: the job's own, then ours, which win. The
// ports are the backend's to add.
Pairs environmentOf(const Job& job, const Instance& instance, const ExecutionSettings& settings);

// The fields of a task that depend on the job's wishes: environment, progress, container, grace.
void writeExecution(const Job& job, const Instance& instance, const ExecutionSettings& settings,
                    backend::TaskSpec::Builder out);

}  // namespace maitred::cook
