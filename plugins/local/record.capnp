@0xd0b2ae19ec6f4a11;
# What passes between the plugin, the spawner and a task's shim, and what lies on disk beside a sandbox.
#
# On disk, below <work folder>/tasks/<consumer>/<task id>/:
#   record     a Record: written by the shim before the task's command starts
#   ended      an Ended: written by the shim when all is over
#   reported   the same file, renamed once its consumer has recorded the end durably
#   sandbox/   the task's own folder
# Every file appears whole or not at all (written beside and renamed). A newer field keeps its number for ever:
# the shims of an older version go on under a newer plugin.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::local");
using Backend = import "/maitred/schema/backend.capnp";

struct Record {
  consumer @0 :Text;
  taskId @1 :Text;
  nodeId @2 :Text;
  address @3 :Text;                         # of the node, for endpoints and URLs
  resources @4 :Backend.Resources;          # what it takes of the node's room
  endpoints @5 :List(Backend.Endpoint);     # every port that it was given; the name may be empty
  digest @6 :Text;                          # of the spec in hexadecimal, to tell `alreadyKnown` from `idTaken`
  account @7 :Text;                         # under which it runs
  acceptedAt @8 :Int64;                     # unix ns
  startedAt @9 :Int64;                      # unix ns; 0 = the command has not been started
  bootId @10 :Text;                         # of the machine: nothing survives a reboot
  shimPid @11 :Int32;
  shimStart @12 :UInt64;                    # field 22 of /proc/<pid>/stat: tells a reused pid
  cgroups @13 :List(Text);                  # folders to empty and remove if the shim is gone
  pool @14 :Text;
}

struct Ended {
  state @0 :Backend.TaskState;
  reason @1 :Backend.Reason;
  message @2 :Text;
  at @3 :Int64;                             # unix ns
  startedAt @4 :Int64;
  commandStarted @5 :Bool;
  exit :union { none @6 :Void; code @7 :Int32; signal @8 :UInt8; }
  progress @9 :Backend.Progress;            # the last report; null = there was none
}

struct Launch {
  # One task, ready to be run: every name is resolved, every decision taken. Never stored, since it may
  # hold secrets.
  token @0 :UInt64;                         # the plugin's number for this start
  record @1 :Record;
  workFolder @2 :Text;
  command :union { shell @3 :Text; argv @4 :List(Text); }
  environment @5 :List(Variable);           # complete and in order; the last of a name wins
  files @6 :List(Backend.File);
  uris @7 :List(Backend.Uri);
  account @8 :Account;
  limits @9 :Limits;
  killGraceMs @10 :UInt32;
  runMaxMs @11 :UInt64;                     # 0 = no limit
  fetch @12 :FetchLimits;
  probe @13 :Probe;
  progress @14 :Backend.ProgressRule;       # null = none is looked for
  beatMs @15 :UInt32;                       # how often the shim says that it is there; 0 = never
}
struct Variable { name @0 :Text; value @1 :Text; }
struct Account {
  change @0 :Bool;                          # false: stays what the host is
  name @1 :Text;
  uid @2 :UInt32;
  gid @3 :UInt32;
  groups @4 :List(UInt32);
}
struct Limits {
  memoryBytes @0 :UInt64;                   # 0 = none
  cpuMillis @1 :UInt64;
  cpuQuota @2 :Bool;                        # a ceiling, not only a weight
  kind @3 :Kind;
  memoryFolder @4 :Text;                    # cgroup folders of this task, absent with `watch` and `none`
  cpuFolder @5 :Text;                       # the same as memoryFolder with version 2
  diskBytes @6 :UInt64;                     # of the sandbox; 0 = none
  enum Kind { none @0; watch @1; v1 @2; v2 @3; }
}
struct FetchLimits { bytesMax @0 :UInt64; timeoutMs @1 :UInt32; caFile @2 :Text; }
struct Probe {
  kind @0 :Kind;
  host @1 :Text;
  port @2 :UInt16;
  target @3 :Text;                          # path or command
  intervalMs @4 :UInt32;
  timeoutMs @5 :UInt32;
  graceMs @6 :UInt32;
  failuresMax @7 :UInt16;
  enum Kind { none @0; tcp @1; http @2; command @3; }
}

struct ShimEvent {
  # One datagram to <work folder>/events. A hint for speed: the files are the truth.
  consumer @0 :Text;
  taskId @1 :Text;
  shimPid @2 :Int32;
  union {
    started @3 :Int64;                      # unix ns
    ended @4 :Ended;
    health @5 :Backend.Health;
    progress @6 :Backend.Progress;
    alive @7 :Void;
  }
}
