@0xb1a6d2c0f47e5506;
# Admin: what an operator may see and do of a running host; served on the admin Unix socket to processes of
# the host's own user and root (peer credentials are checked at accept).

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::admin");

interface Admin @0xb1a6d2c0f47e5606 {
  status @0 () -> (status :HostStatus);
  grants @1 () -> (edges :List(Edge));
  reload @2 (dryRun :Bool) -> (accepted :Bool, report :Text, changes :List(Change));
  # Reads and checks the whole config again; a bad file is refused as a whole, `report` then lists every
  # fault as file:line:column. With dryRun nothing is applied.
  drain @3 (instance :Text, deadlineMs :UInt32) -> ();
  # Empty instance = the whole host, which then ends. A drained instance stays stopped until restart().
  restart @4 (instance :Text) -> ();
  # Also brings back an instance in state `failed` or `stopped`.
  metrics @5 () -> (text :Text);
  logLevel @6 (instance :Text, level :Text) -> (level :Text);
  # Empty instance = the host itself; empty level = only ask.
  ask @7 (instance :Text, name :Text, input :Text) -> (output :Text);
  # Plugin.command of that instance.
  reopenLogs @8 () -> ();
  config @9 () -> (effective :Text);
  # The effective configuration as YAML, defaults filled in and secrets masked.
  recentLog @10 (instance :Text) -> (lines :List(Text));
  # The lines kept of an instance, empty = the host itself: at most 200, oldest first, of every level.
  mask @11 (text :Text) -> (text :Text);
  # The same text without the secrets of the configurations that were in force; at most 1 MiB. For what an
  # operator passes on, see `maitred ctl support`.
}

struct HostStatus {
  version @0 :Text;
  pid @1 :UInt32;
  startedAt @2 :Int64;        # unix ns
  configFile @3 :Text;
  state @4 :HostState;
  instances @5 :List(InstanceStatus);
  loopDelayUs @6 :UInt32;
}
enum HostState { unspecified @0; starting @1; running @2; draining @3; }

struct InstanceStatus {
  name @0 :Text;
  plugin @1 :Text;            # manifest name
  version @2 :Text;
  isolation @3 :Text;         # "process" or "inline"
  state @4 :InstanceState;
  pid @5 :UInt32;             # 0 when inline or not running
  since @6 :Int64;            # unix ns of the last change of state
  restarts @7 :UInt32;
  ready @8 :Bool;
  message @9 :Text;           # the plugin's own health message
  loopDelayUs @10 :UInt32;
  lastFailure @11 :Text;      # cause of the last crash, with signal or exit code; empty if none
  lastFailureAt @12 :Int64;
  lastLog @13 :List(Text);    # post-mortem: at most 200 lines before the last crash
  listeners @14 :List(Listener);
  memoryBytes @15 :UInt64;    # resident; 0 when inline
}
enum InstanceState { unspecified @0; stopped @1; starting @2; standby @3; active @4; draining @5; backingOff @6; failed @7; }
struct Listener { name @0 :Text; address @1 :Text; }

struct Edge {
  consumer @0 :Text;
  requirement @1 :Text;
  provider @2 :Text;
  interface @3 :Text;
  connected @4 :Bool;
  calls @5 :UInt64;
  failures @6 :UInt64;
  overloads @7 :UInt64;       # calls refused with OVERLOADED by the edge's limit
  inFlight @8 :UInt32;
  inFlightMax @9 :UInt32;     # the limit
  lastUseAt @10 :Int64;       # unix ns; 0 = never
  reconnects @11 :UInt32;
  latencyUs @12 :List(Bucket);
}
struct Bucket { upTo @0 :UInt64; count @1 :UInt64; }   # microseconds, cumulative; last upTo = 2^64-1

struct Change { instance @0 :Text; action @1 :Action; detail @2 :Text; }
enum Action { unspecified @0; unchanged @1; reconfigured @2; restarted @3; added @4; removed @5; }
