#pragma once
// Cluster: simulated nodes, tasks and faults. Pure: time comes in as unix nanoseconds, chance from
// a seed, and the same seed and calls give the same events. What happens to a task depends on its
// key and the seed alone, not on what else runs.

#include <maitred/backend/runner.h>

#include <functional>
#include <random>
#include <set>
#include <variant>

namespace maitred::sim {

using backend::isTerminal;
using backend::nameOf;
using backend::NodeFacts;
using backend::ProgressFacts;
using backend::Rejection;
using backend::Status;
using backend::TaskKey;

struct Spread {  // uniform between both ends, milliseconds
  uint64_t minMs = 0;
  uint64_t maxMs = 0;
};

// Each a probability, 0..1.
struct Faults {
  double launchRefused = 0;  // refused: limited
  double lateRefusal = 0;    // accepted, then notStarted
  double statusLost = 0;     // on its way to the backend; healed by repetition or reconcile
  double statusTwice = 0;    // told twice
  double failure = 0;        // a task without a plan of its own exits with 1
  Spread statusDelay;        // reorders statuses of different tasks
};

enum class NodeEvent { gone, back, unreachable, reachable, draining, ready };

struct ScriptLine {
  uint64_t atMs = 0;  // since the start
  std::string node;
  NodeEvent event = NodeEvent::gone;
};

struct Settings {
  uint64_t seed = 1;
  std::vector<NodeFacts> nodes;
  Spread runTime{1000, 1000};
  Spread startTime{0, 0};
  uint64_t repeatMs = 1000;  // a terminal status is told again until it is recorded
  Faults faults;
  std::vector<ScriptLine> script;
};

// What a task does; what is not set is drawn by the settings.
struct Plan {
  std::optional<uint64_t> runMs;
  std::optional<int32_t> exitCode;
  std::optional<uint8_t> exitSignal;
  bool ignoresTerm = false;
  uint64_t runMaxMs = 0;
  std::vector<backend::EndpointFacts> endpoints;
  // What a backend that starts anew has to know of the tasks that it finds.
  backend::Amounts resources;
  std::vector<backend::PortGrant> ports;
  std::string digestHex;
  uint32_t killGraceMs = 5000;
  std::vector<int16_t> progress;  // percents, told evenly over the run time
};
// SIM_RUN_MS, SIM_EXIT, SIM_SIGNAL, SIM_IGNORE_TERM and, where the spec asks for progress,
// SIM_PROGRESS of the environment, else of the labels.
Plan planOf(backend::TaskSpec::Reader spec);

struct StatusTold {
  TaskKey key;
  Status status;
};
struct NodeTold {
  NodeFacts facts;  // with its new state
  bool gone = false;
};
using Event = std::variant<StatusTold, NodeTold>;

class Cluster {
 public:
  Cluster(Settings settings, int64_t now);

  std::optional<Rejection> launch(int64_t now, const TaskKey& key, const std::string& nodeId,
                                  Plan plan);
  void kill(int64_t now, const TaskKey& key, uint32_t graceMs, bool preempted);
  bool signal(int64_t now, const TaskKey& key, uint8_t number);  // false: it is not running
  void recorded(int64_t now, const TaskKey& key);  // its end is durable: forgets the task
  void refresh(int64_t now, const TaskKey& key);   // reconcile: tells the truth without faults
  void script(int64_t now, const ScriptLine& line);
  // New settings for what begins from now on; tasks that run keep what was drawn for them. Nodes
  // that are not named any more are gone, with their tasks; what the script has done to the others
  // stays. `next.script` must be what it was, since its times count from the start.
  std::vector<Event> change(int64_t now, Settings next);

  std::optional<int64_t> next() const;      // when something happens
  std::vector<Event> advance(int64_t now);  // what the backend hears until then, in order
  std::vector<std::pair<int64_t, std::string>> history(const TaskKey& key) const;
  size_t tasks() const { return all.size(); }

  // --- For who simulates the world around it ---
  void setFaults(const Faults& faults) { settings.faults = faults; }
  // Hears every state of every task as it becomes true, told or not; `recorded`: it is forgotten.
  using Witness =
      std::function<void(int64_t now, const TaskKey&, const Status& truth, bool recorded)>;
  void setWitness(Witness value) { witness = std::move(value); }
  template <typename Each>
  void each(Each&& each) const {  // (key, truth, plan)
    for (auto& [key, task] : all) each(key, task.truth, task.plan);
  }
  std::vector<NodeFacts> present() const;  // nodes that are not gone

 private:
  struct Task {
    std::string nodeId;
    Plan plan;
    std::mt19937_64 chance;
    Status truth;          // what really is
    bool unheard = false;  // its node cannot be reached: nothing is told
    int64_t startsAt = 0, endsAt = 0;
    bool tooLong = false;
    int64_t lastTold = 0;  // statuses of one task stay in order
    std::optional<uint8_t> dyingBy;
    bool preempted = false;
    std::vector<std::pair<int64_t, std::string>> history;
  };
  struct Due {
    enum class Kind { start, progress, end, force, tell, repeat, script } kind;
    TaskKey key;
    Status status;       // tell
    ScriptLine line;     // script
    int64_t endsAt = 0;  // end: outdated if the task's end has moved
    ProgressFacts progress = {};
  };

  double dice(Task& task) { return std::uniform_real_distribution<double>(0, 1)(task.chance); }
  uint64_t draw(Task& task, Spread spread);
  void at(int64_t when, Due due) { agenda.emplace(when, std::move(due)); }
  void happen(int64_t when, Due& due, std::vector<Event>& events);
  void starts(int64_t now, const TaskKey& key, Task& task);
  void progresses(int64_t now, const TaskKey& key, Task& task, ProgressFacts progress);
  void ends(int64_t now, const TaskKey& key, Task& task);
  void finish(int64_t now, const TaskKey& key, Task& task, backend::TaskState state,
              backend::Reason reason, std::string why);
  void become(int64_t now, const TaskKey& key, Task& task, bool faultless = false);
  void nodeEvent(int64_t now, const ScriptLine& line, std::vector<Event>& events);

  Settings settings;
  std::map<std::string, NodeFacts> nodes;
  std::set<std::string> away;
  std::map<TaskKey, Task> all;
  std::multimap<int64_t, Due> agenda;
  Witness witness = [](int64_t, const TaskKey&, const Status&, bool) {};
};

}  // namespace maitred::sim
