@0xedba418bd18207bd;
# The case file: what each scheduling cycle of the queue decided, and everything that it decided by.
#
# The story. A cycle's decisions are a function of the jobs that wait or live, the nodes and the room on
# them, the settings, the policies, and the time. A file begins with a *snapshot* of those, in parts. From
# there on only what changed is written, and with it each cycle with its decisions: whoever reads from the
# start knows at each cycle what the queue knew, and can decide anew.
#
# How a file is made up of bytes stands in framing.h; docs/internals/case-file.md tells how to read and how
# to extend it. In short: fields are added at the end and never change their meaning; what a reader does not
# know it passes by.
#
# What is not here, because no decision depends on it: commands, URIs and, but for the model of gpus, environments
# of jobs. Names and labels of jobs are here: policies may look at them.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::cook::casefile");

annotation text @0xf37863893a298223 (field) :Void;
# The number is that of a text, see Record.texts; 0 is the empty one.

annotation uuid @0xbf5cdef58536bc7d (struct) :Void;
# The struct is an id, which people know as a UUID.

struct Record {
  texts @0 :List(Text);
  # Texts that this record names first. They are numbered through the file from 1 on, in the order of their
  # coming, and the records name them by number.
  union {
    unknown @1 :Void;
    header @2 :Header;
    # The first record of each file, and only there.
    policy @3 :Policy;
    # Comes before the first cycle that it decides.
    changes @4 :Changes;
    # A part of the snapshot, or of what changed since the record before.
    whole @5 :Void;
    # The snapshot is complete: from here on everything is known.
    cycle @6 :Cycle;
  }
}

struct Header {
  maitred @0 :Text;
  # The version that wrote the file.
  instance @1 :Text;
  # The queue's name in the configuration.
  run @2 :Id;
  # Of one recording without a gap, which may span several files.
  file @3 :UInt64;
  # The number of this file in the run, from 1 on. What file n says holds on in file n + 1.
  beganMs @4 :Int64;
  # Unix time.
}

struct Id $uuid {
  high @0 :UInt64;
  low @1 :UInt64;
}

struct Policy {
  number @0 :UInt32;
  # By which the file's cycles name it, from 1 on.
  kind @1 :Text;
  # fairness or placement
  file @2 :Text;
  # As the configuration names it.
  version @3 :Text;
  # 12 hex digits of the SHA-256 over the texts, as the log and `maitred ctl` show it.
  text @4 :Text;
  # The file as it was loaded.
  modules @5 :List(Module);
  # What it requires, in the order of loading.
}

struct Module {
  name @0 :Text;
  text @1 :Text;
}

struct Changes {
  jobs @0 :List(Job);
  # In place of what was known of them.
  jobsGone @1 :List(UInt64);
  # By order: they neither wait nor hold anything any more. Unknown ones are passed by.
  nodes @2 :List(Node);
  # In place of what was known of them.
  rooms @3 :List(Room);
  # Of nodes that are known.
  nodesGone @4 :List(UInt64);
  # By number. Unknown ones are passed by.
  pools @5 :Pools;
  # In place of all pools that were known; null: as before.
  tables @6 :List(PoolTables);
  reservations @7 :Reservations;
  # In place of all that were known; null: as they follow from the cycles since.
}

struct Job {
  order @0 :UInt64;
  # Of creation, from 1 on: the job's short name here. Breaks ties between jobs of one user.
  id @1 :Id;
  user @2 :UInt32 $text;
  pool @3 :UInt32 $text;
  submittedMs @4 :Int64;
  # Unix time.
  priority @5 :Int64;
  cpus @6 :Float64;
  mem @7 :Float64;
  # MiB
  gpus @8 :Float64;
  ports @9 :UInt32;
  constraints @10 :List(Attribute);
  # A node must have all of them.
  group @11 :Id;
  # null: none
  union {
    waiting @12 :Void;
    putOff @13 :Int64;
    # It waits, but is out of the queue until that time of the steady clock, ms.
    live @14 :Live;
    # An instance of it holds room, also if it is being killed.
  }
  name @15 :UInt32 $text;
  labels @16 :List(Attribute);
  # Of one name several times: as the job has them.
  runtimeMs @17 :Float64 = -1;
  # What it is expected to take, as policies see it; -1: unknown.
  expectedRuntimeMs @18 :Int64;
  # What its owner expects; 0: nothing was said.
  checkpoint @19 :Bool;
  # An attempt goes on where the one before it stopped.
  diskMib @20 :Float64;
  # 0: the pool's default
  diskType @21 :UInt32 $text;
  # Empty: the pool's default.
  gpuModel @22 :UInt32 $text;
  # Empty: the pool's default.
  attempts @23 :List(Attempt);
  # Those that have ended, in their order. Left out while one is live.
  placement @24 :HostPlacement;
  # Of its group; null: its instances may run anywhere.
}

struct Attempt {
  hostname @0 :UInt32 $text;
  cluster @1 :UInt32 $text;
  # The backend's instance.
  preempted @2 :Bool;
  # It had to make room for another job.
  lostMs @3 :Int64 = -1;
  # So long it ran, if it ended because its node was taken away; -1: it ended for another reason.
}

struct HostPlacement {
  # Where the next instance of a group may run, given where its others are.
  type @0 :Type;
  attribute @1 :UInt32 $text;
  minimum @2 :Int32 = 1;
  # Distinct values of the attribute, of `balanced`.

  enum Type {
    all @0;
    unique @1;
    # On a host of its own.
    balanced @2;
    # Evenly over the values of the attribute.
    attributeEquals @3;
    # Where the attribute has a value that it has where another is.
  }
}

struct Reservations {
  list @0 :List(Reservation);
}

struct Reservation {
  # Nobody but the job gets room on the node.
  pool @0 :UInt32 $text;
  job @1 :Id;
  cluster @2 :UInt32 $text;
  nodeId @3 :UInt32 $text;
  # The node may be unknown.
}

struct Live {
  task @0 :Id;
  startMs @1 :Int64;
  # Unix time. Orders the user's running jobs of one priority.
  cluster @2 :UInt32 $text;
  nodeId @3 :UInt32 $text;
  hostname @4 :UInt32 $text;
}

struct Attribute {
  name @0 :UInt32 $text;
  value @1 :UInt32 $text;
}

struct Amount {
  cpuMillis @0 :Int64;
  memBytes @1 :Int64;
  ports @2 :Int64;
  # 2^30: the node does not say which it has
  gpus @3 :Int64;
}

struct Node {
  cluster @0 :UInt32 $text;
  # The backend's instance.
  nodeId @1 :UInt32 $text;
  hostname @2 :UInt32 $text;
  pool @3 :UInt32 $text;
  capacity @4 :Amount;
  tasksMax @5 :Int64;
  # 0: no limit
  ready @6 :Bool;
  attributes @7 :List(Attribute);
  # One entry for each value.
  room @8 :Room;
  gpus @9 :List(Kind);
  # By model.
}

struct Kind {
  name @0 :UInt32 $text;
  amount @1 :Int64;
}

struct Room {
  node @0 :UInt64;
  # The number of the node's coming, its short name here; of two equal nodes the lower is tried first.
  available @1 :Amount;
  # As the backend told it, as of the generation.
  taskCount @2 :Int64;
  # likewise
  generation @3 :UInt64;
  held @4 :Amount;
  # By our own tasks.
  fresh @5 :Amount;
  # The part of it that `available` does not know of.
  tasks @6 :UInt32;
  # How many hold it.
  closedUntilMs @7 :Int64;
  # After a refusal nothing is placed there until then, ms of the steady clock.
  disks @8 :List(Kind);
  # Free bytes by type; the one without a name is plain disk.
}

struct Pools {
  list @0 :List(Pool);
  # In the configuration's order. Empty: there is one pool, which has no name.
  defaultPool @1 :UInt32 $text;
}

struct Pool {
  name @0 :UInt32 $text;
  active @1 :Bool;
  gpuMode @2 :Bool;
  # Users are compared by gpus alone.
  quota @3 :Quota;
  # Of all users together; null: none.
  group @4 :UInt32 $text;
  # Pools of one group share a quota; empty: none.
  groupQuota @5 :Quota;
  # null: none
  constraints @6 :List(Attribute);
  # Of jobs that do not constrain the same attribute themselves.
  gpuModel @7 :UInt32 $text;
  # Of jobs that want gpus and name none; empty: any.
  disk @8 :Disk;
  # null: nobody looks at it
}

struct Disk {
  mib @0 :Float64;
  # What a job needs that does not say.
  type @1 :UInt32 $text;
  # likewise
  types @2 :List(Attribute);
  # From the jobs' names of types to the nodes'.
}

struct PoolTables {
  pool @0 :UInt32 $text;
  shares @1 :List(Share);
  # Entries that changed.
  quotas @2 :List(Quota);
  # Entries that changed.
  turns @3 :Turns;
  # null: as they follow from what was started since.
}

struct Share {
  # An entry of a user, or of `default`, which completes all others. -1: it has no such value; an entry
  # without any is no entry.
  user @0 :UInt32 $text;
  mem @1 :Float64 = -1;
  cpus @2 :Float64 = -1;
  gpus @3 :Float64 = -1;
}

struct Quota {
  # As Share.
  user @0 :UInt32 $text;
  # Empty where it is a pool's or a group's.
  mem @1 :Float64 = -1;
  cpus @2 :Float64 = -1;
  gpus @3 :Float64 = -1;
  count @4 :Int64 = -1;
  launchRateSaved @5 :Float64 = -1;
  launchRatePerMinute @6 :Float64 = -1;
}

struct Turns {
  # Who goes first of users with equal scores: the one whose turn is lower, and at equal turns the one whose
  # name is. Starting a job sets its owner's turn to the pool's counter, which goes up by one before.
  counter @0 :UInt64;
  users @1 :List(Turn);
  # All others have the turn 0.
}

struct Turn {
  user @0 :UInt32 $text;
  turn @1 :UInt64;
}

struct Cycle {
  number @0 :UInt64;
  # In the run, from 1 on. A number that is missing was lost.
  changes @1 :Changes;
  # Since the record before.
  pool @2 :UInt32 $text;
  wallMs @3 :Int64;
  # Unix time.
  steadyMs @4 :Int64;
  # Of the clock that does not jump.
  options @5 :Options;
  head @6 :HeadRule;
  # As it was before the cycle.
  fairness @7 :UInt32;
  # The policy's number; 0: what is built in.
  placement @8 :UInt32;
  # likewise
  waiting @9 :UInt64;
  # Jobs in the pool's queue before the cycle: what a reader who knows everything must have, too.
  openNodes @10 :UInt64;
  # Nodes of the pool with room, likewise.
  rates @11 :List(LaunchTokens);
  # What was asked about launch rates.
  outcome @12 :Outcome;
  tickMs @13 :Int64;
  # The time as policies see it: unix time, and by the queue's local time
  hour @14 :Float64;
  # 0 to 24
  weekday @15 :UInt8 = 1;
  # 1 is Monday
  heldBack @16 :List(HeldBack);
  # Jobs whose turn it was and that launch filters did not let start. A job that stands here twice was
  # asked about twice, with one answer.
}

struct HeldBack {
  job @0 :UInt64;
  # Its order.
  stop @1 :Bool;
  # Nor any behind it.
}

struct Options {
  # See CycleOptions and QueueOptions in the queue's core.
  considerable @0 :UInt64;
  goodEnough @1 :Float64;
  overQuota @2 :UInt64;
  jobMemMost @3 :Float64;
  # MiB
  jobCpusMost @4 :Float64;
  launchRates @5 :Bool;
  # Whether they are enforced.
  headScaleback @6 :Float64 = 0.95;
  headWarnAt @7 :UInt32 = 10;
  headResetAt @8 :UInt32 = 1000;
  # Of the head rule.
  novelHostAlways @9 :Bool;
  hostLifetimeMs @10 :Int64;
  runtimeMultiplier @11 :Float64;
  startGraceMs @12 :Int64 = 600000;
  locations @13 :List(Attribute);
  # See PlacementRules. Locations by the backend's instance.
  orderAlone @14 :Bool;
  # Users' quotas and launch rates are passed over.
  resting @15 :List(UInt32);
  # Backends where nothing is started at that time: their instances, by the numbers of their texts.
}

struct HeadRule {
  most @0 :UInt64;
  limit @1 :UInt64;
  atFloor @2 :UInt32;
  matchedBefore @3 :Bool;
  begun @4 :Bool;
  sinceMs @5 :Int64;
  # Of the steady clock.
}

struct LaunchTokens {
  user @0 :UInt32 $text;
  tokens @1 :Int64;
  # So many launches the user had at that time.
}

struct Outcome {
  started @0 :List(Start);
  # In the order in which they were decided.
  considered @1 :UInt64;
  offensive @2 :List(UInt64);
  # Jobs above the limits of a single one, by order.
  more @3 :Bool;
  # The limit of `considerable` ended the cycle.
  policyFailed @4 :Bool;
  # The built-in order decided, since the fairness policy could not.
  rateLimited @5 :Bool;
  # Jobs wait for their owners' launch rate alone.
  note @6 :HeadNote;
}

struct Start {
  job @0 :UInt64;
  # Its order.
  task @1 :Id;
  # The id that was handed out.
  node @2 :UInt64;
  # Its number.
  generation @3 :UInt64;
  # Of the room by which it was placed.
}

enum HeadNote {
  none @0;
  stuck @1;
  gaveUp @2;
}
