#pragma once
// The nouns of the queue: a job is an intent to run a command, an instance is one attempt at it.
// Times are unix milliseconds, memory is MiB, cpus are whole cpus and may be fractions.

#include "few.h"
#include "symbol.h"
#include "uuid.h"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace maitred::cook {

inline constexpr double BYTES_PER_MIB = 1024 * 1024;

// The pause after so many refusals in a row: 100 ms, then twice as long each time, 25.6 s at most.
constexpr std::int64_t pauseAfter(int refusals) {
  return std::int64_t{100} << (refusals < 9 ? refusals - 1 : 8);
}

enum class JobState : std::uint8_t { waiting, running, completed };
enum class InstanceStatus : std::uint8_t { unknown, running, success, failed };

inline bool isTerminal(InstanceStatus s) {
  return s == InstanceStatus::success || s == InstanceStatus::failed;
}
const char* name(JobState state);
const char* name(InstanceStatus status);
std::optional<JobState> jobStateOf(std::string_view name);
std::optional<InstanceStatus> instanceStatusOf(std::string_view name);

// What a job asks for, and what users hold.
struct Usage {
  double mem = 0;
  double cpus = 0;
  double gpus = 0;
  std::int64_t count = 0;  // of jobs
  Usage& operator+=(const Usage& more) {
    mem += more.mem;
    cpus += more.cpus;
    gpus += more.gpus;
    count += more.count;
    return *this;
  }
  bool operator==(const Usage&) const = default;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Uri {
  std::string value;
  bool executable = false;
  bool extract = false;
  bool cache = false;
  bool operator==(const Uri&) const = default;
};

// A node's attribute must equal the value.
struct AttributeRule {
  std::string attribute;
  std::string value;
  bool operator==(const AttributeRule&) const = default;
};

// What only few jobs ask for. It is told by what the client sent, see rest and store.
struct Demands {
  std::int64_t expectedRuntimeMs = 0;  // 0 = not given
  bool checkpoint = false;             // an attempt goes on where the one before it stopped
  double diskMib = 0;                  // 0 = the pool's default
  std::string diskType;                // empty: the pool's default
  bool operator==(const Demands&) const = default;
};

// What the user wrote; never changes after the submission, but for the retries. A million of them
// may wait: what many share is a symbol, what few have takes a pointer's room.
struct JobSpec {
  static constexpr std::int64_t NO_RUNTIME_LIMIT = std::numeric_limits<std::int64_t>::max();

  Uuid id;
  Symbol user;
  Symbol pool;        // the partition in which it is scheduled
  Symbol submitPool;  // the pool that the client named; may be empty
  Symbol groupName;
  std::string name = "cookjob";
  std::string command;
  double cpus = 0;
  double mem = 0;
  double gpus = 0;  // how many
  std::int64_t maxRetries = 1;
  std::int64_t priority = 50;
  std::int64_t maxRuntimeMs = NO_RUNTIME_LIMIT;
  std::int64_t ports = 0;
  bool disableMeaCulpa = false;
  Few<Pairs::value_type> environment;
  Few<Pairs::value_type> labels;
  Few<Uri> uris;
  Few<AttributeRule> constraints;
  Few<Demands> demands;  // one or none
  std::optional<Uuid> group;
  // Fields that are only kept and shown again (application, expected_runtime, …), as one JSON
  // object's text with the keys of a response; empty when there are none.
  std::string extra;
};

// How far an instance says it is.
struct Progress {
  int percent = 0;
  std::string message;
  bool operator==(const Progress&) const = default;
};

// Which of Cook's executors runs an instance; `unknown` for those of older versions.
enum class Executor : std::uint8_t { unknown, cook, mesos };

struct Instance {
  Uuid taskId;
  InstanceStatus status = InstanceStatus::unknown;
  std::int64_t startMs = 0;    // created by the scheduler
  std::int64_t runningMs = 0;  // first starting or running report; 0 = none yet
  std::int64_t endMs = 0;      // 0 = the backend has not confirmed an end
  std::int64_t queueTimeMs = 0;
  int number = 0;  // how many instances the job had before this one
  int reason = 0;  // a code of reasons.h; 0 = none. Once set it stays.
  bool cancelled = false;
  bool preempted = false;
  bool confirmed = false;  // the backend said something about it
  Executor executor = Executor::unknown;
  std::optional<int> exitCode;
  std::int64_t unreachableMs = 0;  // since when its node is silent; 0 = it is not
  Symbol cluster;                  // backend instance
  Symbol nodeId;
  Symbol hostname;
  std::vector<std::uint16_t> ports;
  std::string sandboxUrl;
  std::string sandboxPath;
  std::string message;
  Few<Progress> progress;  // one or none

  // Whether its task is gone. One that the queue stops (for another job, or because it runs too
  // long) has failed at once, and its task is there until the backend confirms its end.
  bool over() const { return isTerminal(status) && endMs != 0; }
};

struct Job {
  JobSpec spec;
  JobState state = JobState::waiting;
  std::int64_t submittedMs = 0;
  std::int64_t waitingSinceMs = 0;
  std::int64_t completedMs = 0;
  std::uint64_t order = 0;     // of creation: breaks ties between jobs of one user
  std::uint64_t sequence = 0;  // of its latest change
  std::vector<Instance> instances;

  // The one attempt that is not over, if any.
  Instance* live();
  const Instance* live() const { return const_cast<Job*>(this)->live(); }
  // The attempt whose task is not gone: the live one, or else one that has failed already.
  const Instance* unended() const;
  Instance* find(const Uuid& taskId);
  // How often one of its instances made room for another job.
  std::int64_t preemptions() const;
  Usage usage() const { return {spec.mem, spec.cpus, spec.gpus, 1}; }
};

// A job's outcome as Cook's clients see it: waiting, running, success or failed.
const char* outcome(const Job& job);

}  // namespace maitred::cook
