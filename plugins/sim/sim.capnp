@0xa7f3c2d18b5e4901;
# Configuration and manifest of the simulated backend.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::sim");
using Config = import "/maitred/schema/config.capnp";
using Manifest = import "/maitred/schema/manifest.capnp";

struct SimConfig {
  cluster @0 :Text = "sim" $Config.nonEmpty;
  # The cluster's name, part of every task's record.

  seed @1 :UInt64 = 1;
  # The same seed gives the same run times and faults for the same task ids.

  nodes @2 :List(NodeTemplate) $Config.mapKey("name") $Config.required $Config.nonEmpty
      $Config.example("{ node: { count: 2 } }");
  # Kinds of nodes; each stands for `count` nodes named name-0, name-1, ….

  runTime @3 :SpreadConfig;
  # How long tasks run that do not say it with SIM_RUN_MS in their environment or labels.

  startTime @4 :SpreadConfig;
  # From the launch to the start of the command.

  repeat @5 :UInt64 = 1000 $Config.unit(milliseconds) $Config.range((min = 1));
  # How often the end of a task is told again until its consumer has recorded it.

  faults @6 :FaultConfig;
  # What goes wrong by chance.

  script @7 :List(ScriptConfig);
  # What goes wrong at a given time.
}

struct NodeTemplate {
  name @0 :Text $Config.nonEmpty $Config.pattern("[A-Za-z0-9][A-Za-z0-9._-]{0,50}");
  # Prefix of the nodes' ids.
  count @1 :UInt32 = 1 $Config.range((min = 1, max = 100000));
  # How many of them.
  cpus @2 :UInt64 = 4000 $Config.unit(cpuMillis) $Config.range((min = 1, max = 1e9));
  # What each of them has.
  mem @3 :UInt64 = 8589934592 $Config.unit(bytes) $Config.example("8GiB");
  # What each of them has.
  disk @4 :UInt64 = 107374182400 $Config.unit(bytes) $Config.example("100GiB");
  # What each of them has.
  pool @5 :Text = "default" $Config.nonEmpty;
  # The pool that they belong to.
  attributes @6 :List(AttributeConfig) $Config.mapKey("name");
  # For the constraints of tasks.
  others @7 :List(OtherConfig) $Config.mapKey("name");
  # Anything else that is counted in whole numbers, e.g. gpu.
  tasksMax @8 :UInt32;
  # 0 = no limit.
}
struct AttributeConfig {
  name @0 :Text $Config.nonEmpty;
  # The attribute's name.
  values @1 :List(Text) $Config.required;
  # One or several values.
}
struct OtherConfig {
  name @0 :Text $Config.nonEmpty;
  # As consumers ask for it.
  count @1 :UInt64 $Config.required;
  # How many each node has.
}
struct SpreadConfig {
  min @0 :UInt64 $Config.unit(milliseconds);
  # Shortest.
  max @1 :UInt64 $Config.unit(milliseconds);
  # Longest; all between are equally likely. Less than `min` counts as `min`.
}
struct FaultConfig {
  launchRefused @0 :Float64 $Config.range((min = 0, max = 1));
  # Probability that a launch is refused at once.
  lateRefusal @1 :Float64 $Config.range((min = 0, max = 1));
  # Probability that an accepted launch ends as notStarted.
  statusLost @2 :Float64 $Config.range((min = 0, max = 0.99));
  # Probability that a status does not arrive; ends are told again, other states answer a reconcile.
  statusTwice @3 :Float64 $Config.range((min = 0, max = 1));
  # Probability that a status arrives twice.
  failure @4 :Float64 $Config.range((min = 0, max = 1));
  # Probability that a task exits with 1 which does not say its exit code with SIM_EXIT.
  statusDelay @5 :SpreadConfig;
  # How long statuses take; reorders those of different tasks.
}
struct ScriptConfig {
  at @0 :UInt64 $Config.unit(milliseconds) $Config.required $Config.example("30s");
  # Since the start of the plugin.
  node @1 :Text $Config.required $Config.example("big-0");
  # A node's id.
  event @2 :NodeEventConfig $Config.required;
  # What happens to it.
}
enum NodeEventConfig {
  unspecified @0;
  gone @1;         # it vanishes, its tasks are lost
  back @2;         # it returns, empty
  unreachable @3;  # nothing is heard of it; its tasks go on
  reachable @4;    # it is heard again
  draining @5;     # takes no more tasks
  ready @6;        # takes tasks again
}

const manifest :Manifest.Manifest = (
  name = "maitred-sim",
  version = "0.1.0",
  license = "Apache-2.0",
  vendor = "maitred",
  description = "Backend: simulated nodes and tasks with scripted or seeded faults, for tests and trials.",
  provides = [.Manifest.backend]);
