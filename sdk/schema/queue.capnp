@0xb1a6d2c0f47e5503;
# Queue: a batch queue that shares a cluster between users.
#
# The story. A client submits jobs under ids that it chose itself, so that a submission whose answer was
# lost is simply sent again: a job that is known is answered `alreadyKnown`. It then watches, from a
# sequence number on, and every change of a job comes in a batch. Units follow Cook's model: a *job* is an
# intent, an *instance* is one attempt to run it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::queue");
using Backend = import "backend.capnp";

interface Queue @0xb1a6d2c0f47e5603 {
  submit @0 (jobs :List(JobSpec)) -> (results :List(SubmitResult));
  # All or nothing: one refused job refuses the batch, and each result says its own part. At most 2,000.
  # Returns when durable.
  kill @1 (jobIds :List(Text)) -> (unknown :List(Text));
  # Jobs are completed at once, their instances are killed. Completed jobs are left as they are.
  query @2 (jobIds :List(Text)) -> (jobs :List(Job), unknown :List(Text));
  watch @3 (filter :Filter, afterSequence :UInt64, watcher :Watcher) -> (subscription :Subscription);
  # Changes after that sequence, then live. Dropping the subscription ends it. 0 = the present state of
  # every matching job first.
}

interface Watcher {
  apply @0 (changes :List(Job), sequence :UInt64) -> ();
  # At most one call is open; changes of one job merge meanwhile (the latest state wins). At most 2,000.
}
interface Subscription {}

struct Filter { user @0 :Text; pool @1 :Text; jobIds @2 :List(Text); }   # empty = any

struct JobSpec {
  id @0 :Text;                  # UUID, lower case
  user @1 :Text;                # on whose behalf; the caller is trusted to have authenticated them
  name @2 :Text = "cookjob";
  command @3 :Text;             # for /bin/sh -c
  cpus @4 :Float64;             # > 0
  memMib @5 :Float64;           # > 0
  maxRetries @6 :UInt32 = 1;    # attempts allowed, 1 = run once
  priority @7 :UInt32 = 50;     # 0..16,000,000; higher first within the user
  maxRuntimeMs @8 :UInt64;      # 0 = none
  environment @9 :List(Backend.Variable);
  labels @10 :List(Backend.Variable);
  pool @11 :Text;
  ports @12 :UInt16;
  uris @13 :List(Backend.Uri);
  disableMeaCulpaRetries @14 :Bool;
}

struct SubmitResult {
  union {
    unspecified @0 :Void;
    accepted @1 :Void;
    alreadyKnown @2 :Void;      # same id, same owner: harmless
    refused @3 :Text;
  }
}

struct Job {
  spec @0 :JobSpec;
  state @1 :JobState;
  submittedAt @2 :Int64;        # unix ms
  instances @3 :List(Instance);
  retriesRemaining @4 :Int32;
  sequence @5 :UInt64;          # of its latest change
}
enum JobState { unspecified @0; waiting @1; running @2; completed @3; }

struct Instance {
  taskId @0 :Text;
  state @1 :InstanceState;
  cluster @2 :Text;
  nodeId @3 :Text;
  hostname @4 :Text;
  startedAt @5 :Int64;          # unix ms: created by the scheduler
  runningAt @6 :Int64;          # first starting/running report; 0 = none yet
  endedAt @7 :Int64;            # 0 = not ended
  exitCode @8 :Int32;
  hasExitCode @9 :Bool;
  reasonCode @10 :UInt32;       # Cook's failure reasons; 0 = none
  sandboxUrl @11 :Text;
}
enum InstanceState { unknown @0; running @1; success @2; failed @3; }
