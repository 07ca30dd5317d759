@0xb1a6d2c0f47e5502;
# Plugin: the life of a plugin as its host sees it.
#
# load (manifest read, no code run) -> check(config) in a throw-away worker -> start (standby, with what its
# config grants) -> activate(fence) (acts) -> reconfigure | drain(deadline) -> its capability is dropped.
# The same calls are made whether the plugin runs in a process of its own or inline in the host.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::plugin");
using Leadership = import "leadership.capnp".Leadership;

interface Plugin @0xb1a6d2c0f47e5602 {
  check @0 (config :AnyPointer, files :List(PathValue)) -> (problems :List(Problem));
  # Semantic check without side effects (no sockets, no files written). Run by `maitred check` and at the
  # start of every reload, in a throw-away worker. Structural checks were done by the host already.

  start @1 (host :Host, config :AnyPointer, grants :List(Grant)) -> (provides :List(Provided));
  # Once. Answers on its listeners at the earliest from here, but acts on nobody's behalf until activate().

  activate @2 (fence :UInt64) -> ();
  # This host leads. Without high availability it follows start() at once, with fence 0.

  reconfigure @3 (config :AnyPointer) -> (outcome :Outcome);
  # The whole new config. `rejected` leaves the former one in force.

  drain @4 (deadlineMs :UInt32) -> ();
  # Refuse new work, finish or hand over the rest; return early when done. Tasks of a backend outlive it.
  # Loss of leadership is not a drain: the host kills.

  health @5 () -> (live :Bool, ready :Bool, message :Text, loopDelayUs :UInt32);
  # The heartbeat, each second. Three missed answers and the worker is killed and started again.
  # ready = false with a message is a degraded state: shown by /readyz and `ctl status`, nothing is killed.

  metrics @6 () -> (text :Text);
  # Prometheus text exposition, without the label `instance`, which the host adds. At most 1 MiB.

  command @7 (name :Text, input :Text) -> (output :Text);
  # An operator's question to the running instance, forwarded by `maitred ctl ask INSTANCE NAME INPUT`
  # (a policy evaluation, a store check, …). Unknown name: UNIMPLEMENTED. JSON both ways.
}

struct Outcome {
  union {
    unspecified @0 :Void;
    applied @1 :Void;
    needsRestart @2 :Text;      # why; the host drains and restarts the instance with the new config
    rejected @3 :List(Problem);
  }
}

struct Problem { path @0 :List(Text); severity @1 :Severity; message @2 :Text; hint @3 :Text; }
# path is the way through the config, keys as written in YAML, list indices as decimal numbers; the host
# turns it into file:line:column.
enum Severity { unspecified @0; error @1; warning @2; }

struct PathValue { path @0 :List(Text); absolute @1 :Text; }
# Where a path of the config lies on this machine.

struct Grant { requirement @0 :Text; instance @1 :Text; interfaceId @2 :UInt64; capability @3 :Capability; }
# One edge of the wiring. The capability survives restarts of the provider: calls in between fail with
# DISCONNECTED, objects obtained through it before stay broken (see maitred/attachment.h).

struct Provided { interfaceId @0 :UInt64; capability @1 :Capability; }

interface Host {
  # What a plugin may ask of its host; each only if its manifest needs it, otherwise UNIMPLEMENTED.
  state @0 () -> (state :State);
  leadership @1 () -> (leadership :Leadership);
}

interface State {
  # A small durable key-value space of this instance: keys up to 256 bytes, values up to 64 KiB, 1,000 keys.
  get @0 (key :Text) -> (value :Data, found :Bool);
  put @1 (fence :UInt64, key :Text, value :Data) -> ();   # returns when durable; refused with a lower fence than seen
  remove @2 (fence :UInt64, key :Text) -> ();
}
