@0xb1a6d2c0f47e5501;
# Backend: something that runs tasks on nodes.
#
# The story. A consumer (a queue, a router, a kernel bridge) attaches to a backend and gets a Session,
# which is its own private view: it sees the backend's nodes, and only its own tasks. It tells the
# session which tasks it believes to be alive, then says begin(). The backend answers with a snapshot
# and keeps sending batches. Each batch is an ordinary call whose *return* means "recorded durably";
# only then may the backend acknowledge to Mesos, delete the pod, or drop the local exit record.
#
# Rules that hold for every backend:
#  1. Room perishes. What a Node shows may be gone at launch: a refusal is normal and costs no retry.
#  2. Outcomes may be unknown. A launch() that fails by disconnection has an unknown outcome; send the
#     same task ids again, or reconcile(). Launching a known id changes nothing and is `alreadyKnown`.
#  3. First terminal state wins. Later ones are reported (duplicate = true) and must still be recorded.
#  4. Delivery is at least once, in order per task, in no order between tasks.
#  5. Silence is not evidence. Only an explicit answer says that a task is gone.
#  6. No message above 1 MiB or 2,000 entries (the RPC layer refuses calls above 64 MiB).

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::backend");

interface Backend @0xb1a6d2c0f47e5601 {
  info @0 () -> (info :Info);
  attach @1 (consumer :Consumer, observer :Observer) -> (session :Session, epoch :UInt64);
  # One session per consumer name. A second attach with the same or a higher fence ends the former
  # session (its calls fail as `fenced`); with a lower fence it is refused. Dropping the session does
  # not stop tasks.
}

struct Info {
  kind @0 :Text;               # "local", "mesos", "kubernetes", "sim"
  cluster @1 :Text;            # stable name, part of every task's record
  features @2 :List(Feature);
  launchBatchMax @3 :UInt32;   # placements a call; 0 = 500
  specBytesMax @4 :UInt32;
}
enum Feature {
  unspecified @0;
  placeOnNode @1;       # Placement.node is honoured
  placeAnywhere @2;     # Placement.anywhere is honoured (the cluster's own scheduler, or a queue in front)
  perishableRoom @3;    # room is leased by offers: release() and demand() matter
  definiteReconcile @4; # reconcile() never answers `undetermined` for long
  growsOnDemand @5;     # demand() shapes can make new nodes appear
  seekableFiles @6;     # Sandbox.read takes offsets; otherwise tail only
  signals @7;
  secretFiles @8;       # TaskSpec.files never show in environment, command line or API objects
  progress @9;          # TaskSpec.progress is honoured
}

struct Consumer {
  name @0 :Text;      # instance name, stable across restarts: the namespace of its task ids
  fence @1 :UInt64;   # leadership epoch, from the host's Leadership; 0 where there is only one host
}

interface Observer {
  apply @0 (batch :Batch) -> (resume :Resume);
  # Deliberately not `-> stream`: a stream call resolves before the receiver is done, resolves
  # differently inline and over a socket, and one failure breaks the object for good.
  # The backend keeps at most Resume.window batches unanswered (1 until the first answer). While the
  # window is full it merges changes of the same node (latest wins); it never merges or drops a
  # terminal task state. A failed call ends the session: attach again.
}
struct Resume {
  durable @0 :UInt64;   # every batch up to this cursor is durable
  window @1 :UInt16;    # how many unanswered batches the observer wants, 1..64
}

struct Batch {
  epoch @0 :UInt64;     # grows at every (re)connection of the backend to its cluster
  cursor @1 :UInt64;    # 1, 2, 3, … within the session; a gap is a defect: attach again
  phase @2 :Phase;
  nodes @3 :List(NodeChange);
  tasks @4 :List(TaskStatus);
  pools @5 :List(PoolChange);
}
enum Phase {
  unspecified @0;
  snapshot @1;      # part of a snapshot: a new epoch's first batch discards all nodes of older epochs
  snapshotEnd @2;   # last part; nodes not named in it do not exist. Says nothing about unnamed tasks.
  live @3;
}

struct PoolChange {
  name @0 :Text;
  launchable @1 :UInt32;    # how many `anywhere` placements the cluster would take now
  limited :union {          # why the pool takes nothing at present
    no @2 :Void;
    until @3 :Int64;        # unix ns: quota, throttling, admission webhook down
  }
  message @4 :Text;
}

struct NodeChange {
  union {
    unspecified @0 :Void;
    full @1 :Node;          # first sight, or anything but the room changed
    room @2 :Room;
    gone @3 :Text;          # node id. Its tasks are reported one by one.
  }
}
struct Node {
  room @0 :Room;
  hostname @1 :Text;
  pool @2 :Text;            # exactly one; the backend's config says how it is derived
  capacity @3 :Resources;
  attributes @4 :List(Attribute);
  tasksMax @5 :UInt32;      # 0 = no limit
  state @6 :NodeState;
  unavailableFrom @7 :Int64;     # unix ns of announced maintenance, 0 = none
  unavailableForMs @8 :UInt64;   # 0 = open end
}
enum NodeState { unspecified @0; ready @1; draining @2; unreachable @3; closed @4; }
struct Room {
  nodeId @0 :Text;
  available @1 :Resources;  # what this consumer may still place; other users' share is already off
  taskCount @2 :UInt32;     # all tasks there, also foreign ones
  generation @3 :UInt64;    # grows with each change; quoted by Placement.node
}
struct Attribute { name @0 :Text; values @1 :List(Text); }

struct Resources {
  cpuMillis @0 :UInt64;
  memoryBytes @1 :UInt64;
  diskBytes @2 :UInt64;
  others @3 :List(Amount);      # "gpu/a100", "hugepages-2Mi": whole numbers
  ports @4 :List(PortRange);    # in a Room only
}
struct Amount { name @0 :Text; value @1 :UInt64; }
struct PortRange { first @0 :UInt16; last @1 :UInt16; }

interface Session {
  expect @0 (tasks :List(Expected)) -> ();
  # Before begin(), any number of times: what the consumer believes to be alive, launched or about to be.
  begin @1 () -> ();
  # Snapshot follows, with one status for every expected task (one that is gone comes as `lost`, one of which
  # nothing can be said yet as `unreachable`), and every other task that
  # carries the consumer's name (orphan = true: adopt or kill; the backend never kills by itself).

  launch @2 (epoch :UInt64, placements :List(Placement)) -> (results :List(LaunchResult));
  # Results in the order of the placements. `accepted` = at least one status will follow.
  # Acceptance is not a start: a late refusal arrives as state notStarted.
  kill @3 (kills :List(Kill)) -> ();
  # Returns when noted; the backend repeats until a terminal state. A smaller grace later escalates.
  signal @4 (taskId :Text, number :UInt8) -> ();
  # To the task's main process (kernels: SIGINT). Not for killing.
  reconcile @5 (taskIds :List(Text), deadlineMs :UInt32) -> (answers :List(Answer));
  demand @6 (pools :List(PoolDemand)) -> ();
  # Whole picture each time, coalesced by the backend. No entry = no demand: Mesos SUPPRESS; else REVIVE,
  # placeholder pods or a provisioning request.
  release @7 (nodeIds :List(Text), refuseMs :UInt32) -> ();
  # "I will not use this room now." Mesos: DECLINE with that filter. Others: nothing.
  sandbox @8 (taskId :Text) -> (sandbox :Sandbox);
  explain @9 (taskId :Text) -> (lines :List(Explanation));
  # Why is it waiting, why did it fail: cluster events, on demand, rate-limited. Never drives state.
}

struct Expected {
  taskId @0 :Text;
  nodeId @1 :Text;          # empty = not known (Mesos needs it to answer definitely)
  phase @2 :ExpectedPhase;
  spec @3 :TaskSpec;        # only in phase launching: lets the backend repeat a lost launch
}
enum ExpectedPhase { unspecified @0; launching @1; running @2; killing @3; }

struct Placement {
  taskId @0 :Text;          # chosen by the consumer, unique for ever within its name; 1..63 of [a-z0-9-]
  spec @1 :TaskSpec;
  where :union {
    unspecified @2 :Void;
    node @3 :NodeTarget;
    anywhere @4 :Anywhere;
  }
}
struct NodeTarget { nodeId @0 :Text; generation @1 :UInt64; }
struct Anywhere { pool @0 :Text; constraints @1 :List(Constraint); avoidNodes @2 :List(Text); }
struct Constraint { attribute @0 :Text; operator @1 :Operator; values @2 :List(Text); }
enum Operator { unspecified @0; in @1; notIn @2; exists @3; notExists @4; }

struct LaunchResult {
  union {
    unspecified @0 :Void;
    accepted @1 :Void;
    alreadyKnown @2 :Void;    # same id, same digest; harmless
    refused @3 :Refusal;
  }
}
struct Refusal { reason @0 :RefusalReason; message @1 :Text; retryAfterMs @2 :UInt32; }
enum RefusalReason {
  unspecified @0; staleRoom @1; staleEpoch @2; noRoom @3; noSuchNode @4; nodeClosing @5; limited @6; invalidSpec @7;
  idTaken @8; unauthorized @9; unsupported @10; fenced @11; draining @12;
}

struct TaskSpec {
  name @0 :Text;
  command :union { unspecified @1 :Void; shell @2 :Text; argv @3 :List(Text); imageDefault @4 :Void; }
  environment @5 :List(Variable);
  files @6 :List(File);         # written into the sandbox before the start (kernel connection file, secrets)
  uris @7 :List(Uri);
  container @8 :Container;
  resources @9 :Resources;
  limits @10 :Resources;        # null = same as resources
  ports @11 :List(PortNeed);    # numbers are handed out by the backend, told as PORT0… and in TaskStatus
  user @12 :Text;
  labels @13 :List(Variable);   # visible in the cluster; never secrets
  kind @14 :TaskKind;
  killGraceMs @15 :UInt32 = 5000;
  runMaxMs @16 :UInt64;         # 0 = no limit. Enforced next to the task, so it holds while we are down
  probe @17 :Probe;             # null = no health
  pool @18 :Text;
  priority @19 :Int32;
  digest @20 :Data;             # SHA-256 of the canonical spec without this field
  progress @21 :ProgressRule;   # null = nobody looks for progress in what it writes
}
enum TaskKind { unspecified @0; batch @1; service @2; interactive @3; }
struct Variable { name @0 :Text; value @1 :Text; secret @2 :Bool; }
struct File { path @0 :Text; mode @1 :UInt16 = 0x180; content @2 :Data; }   # 0x180 = 0600
struct Uri { location @0 :Text; extract @1 :Bool; executable @2 :Bool; cache @3 :Bool; outputFile @4 :Text; }
struct ProgressRule {
  # How far a task is, by what it writes: a line with a match of the pattern is a report.
  pattern @0 :Text;             # regular expression in RE2's syntax; group 1 = percent, group 2 (if any) = message.
                                # What the backend cannot read is told as the message of a report.
  file @1 :Text;                # read beside stdout and stderr: below the sandbox, or absolute but within it
  messageBytesMax @2 :UInt32 = 512;
  intervalMs @3 :UInt32 = 1000; # the first report is told at once, the next ones at most so often, the last one with the end
}
struct Container {
  image @0 :Text;
  pull @1 :Pull;
  network @2 :Text;
  volumes @3 :List(Volume);
  parameters @4 :List(Variable);
  portMappings @5 :List(PortMapping);
  kind @6 :Text;                # "docker", "mesos", …: for backends that have several; empty = theirs
}
struct PortMapping { hostPort @0 :UInt16; containerPort @1 :UInt16; protocol @2 :Text; }   # "TCP", "UDP"
enum Pull { unspecified @0; ifMissing @1; always @2; }
struct Volume { source @0 :Text; target @1 :Text; readOnly @2 :Bool; }
struct PortNeed { name @0 :Text; fixed @1 :UInt16; }
struct Probe {
  portName @0 :Text;
  check :union { tcp @1 :Void; httpPath @2 :Text; command @3 :Text; }
  intervalMs @4 :UInt32; timeoutMs @5 :UInt32; graceMs @6 :UInt32; failuresMax @7 :UInt16;
}

struct TaskStatus {
  taskId @0 :Text;
  state @1 :TaskState;
  reason @2 :Reason;
  message @3 :Text;             # for people, at most 4 KiB
  at @4 :Int64;                 # unix ns, by the cluster's clock
  nodeId @5 :Text;
  hostname @6 :Text;
  exit :union { none @7 :Void; code @8 :Int32; signal @9 :UInt8; }
  commandStarted @10 :Bool;     # a fact. Whether a retry is charged is the consumer's table, not ours
  endpoints @11 :List(Endpoint);
  health @12 :Health;
  restarts @13 :UInt32;         # in-place restarts: each is a new instance for a router
  sandboxUrl @14 :Text;         # Cook's output_url form; empty until known
  sandboxPath @15 :Text;
  orphan @16 :Bool;
  duplicate @17 :Bool;          # terminal after terminal
  late @18 :Bool;               # came back after unreachable/lost
  unreachableSince @19 :Int64;
  progress @20 :Progress;       # the latest; null = none was told
}
struct Progress {
  sequence @0 :UInt64;          # grows with each report of the task
  percent @1 :Int16 = -1;       # 0..100; -1 = not said
  message @2 :Text;             # for people; null = not said
}
struct Endpoint { name @0 :Text; host @1 :Text; port @2 :UInt16; }
enum Health { unknown @0; healthy @1; unhealthy @2; }
enum TaskState {
  unspecified @0;
  pending @1;       # accepted, waiting for a node (anywhere)
  starting @2; running @3; killing @4;
  unreachable @5;   # not terminal: may come back. The consumer sets the deadline
  succeeded @6; failed @7; killed @8;
  lost @9;          # ran or may have run; is gone for certain
  notStarted @10;   # never ran: late refusal
}
enum Reason {
  unspecified @0; exited @1; signalled @2; outOfMemory @3; outOfDisk @4; ranTooLong @5; killedByConsumer @6;
  killedFromOutside @7; preempted @8; nodeLost @9; nodeDrained @10; nodeRestarted @11; staleRoom @12; noRoom @13;
  quota @14; invalidSpec @15; unauthorized @16; imageUnavailable @17; fetchFailed @18; sandboxFailed @19;
  startTimeout @20; probeFailed @21; resultLost @22; infrastructure @23;
}

struct Answer {
  taskId @0 :Text;
  union {
    unspecified @1 :Void;
    status @2 :TaskStatus;
    gone @3 :Void;            # authoritative: does not exist
    undetermined @4 :UInt32;  # ask again after so many ms; never treat as lost
  }
}
struct Kill { taskId @0 :Text; graceMs @1 :UInt32; nodeId @2 :Text; preempted @3 :Bool; }
struct PoolDemand { pool @0 :Text; shapes @1 :List(Shape); }
struct Shape { resources @0 :Resources; constraints @1 :List(Constraint); count @2 :UInt32; hint @3 :Text; }
struct Explanation { at @0 :Int64; source @1 :Text; reason @2 :Text; text @3 :Text; count @4 :UInt32; }

interface Sandbox {
  browse @0 (path :Text) -> (entries :List(Entry));
  read @1 (path :Text, offset :Int64, length :UInt32) -> (data :Data, offset :Int64, size :UInt64, eof :Bool);
  # Pulled, so the reader's pace is the flow control; 1 MiB a call at most; offset -1 = size only.
  # Results carry `gone`-like refusals as exceptions of type FAILED with text; readers show them.
}
struct Entry {
  path @0 :Text;
  directory @1 :Bool;
  mode @2 :UInt32;          # permission bits
  owner @3 :Text;
  group @4 :Text;
  size @5 :UInt64;          # bytes
  modifiedAt @6 :Int64;     # unix ns
  links @7 :UInt32;
}
