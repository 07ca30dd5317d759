@0xb1a6d2c0f47e5509;
# Queue extensions: what other plugins may decide for a batch queue.
#
# The story. A site has rules that no configuration foresees: names that must follow a pattern, jobs
# that wait for a licence, a pool that is chosen by the content of the job. A plugin which knows them
# provides one of the interfaces below, and `uses:` of the queue names its instance. The queue asks in
# batches and waits until a deadline of its configuration. A provider that fails, is late or answers
# something that makes no sense has said nothing, and what the configuration calls the default holds
# instead: so no provider can stop the queue.
#
# Answers stand in the order of what was asked for, and are as many. Where several instances provide
# one interface, the configuration's order is theirs. Providers must not ask the queue in turn: the
# wiring would be a circle.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::queue");
using Queue = import "queue.capnp";

struct Candidate {
  # A job that somebody wants to submit, or that waits.
  job @0 :Queue.JobSpec;
  # `pool` is the one in which it would be scheduled; empty where there are no pools.
  submitPool @1 :Text;
  # The pool that the client named; empty: none.
  group @2 :Text;
  # The UUID of its group; empty: none.
  gpus @3 :Float64;
  # How many it asks for.
}

interface SubmissionValidator @0xb1a6d2c0f47e5610 {
  validate @0 (jobs :List(Candidate)) -> (verdicts :List(SubmissionVerdict));
  # Asked once all of the queue's own checks have passed. All validators must accept all jobs of a
  # submission; their messages are joined line by line. At most 500 jobs.
}

struct SubmissionVerdict {
  union {
    unspecified @0 :Void;   # nothing was said: the default holds
    accepted @1 :Void;
    rejected @2 :Text;      # for the user: what is wrong and what to do
  }
  expiresAt @3 :Int64;
  # Unix ms. Until then the verdict on an equal job with the same id is not asked for again. 0: it is.
}

interface SubmissionModifier @0xb1a6d2c0f47e5611 {
  modify @0 (jobs :List(Candidate)) -> (changes :List(JobChange));
  # Asked before the queue checks jobs, each modifier with what the one before it made of them. It may
  # choose another pool. At most 500 jobs.
}

struct JobChange {
  union {
    unchanged @0 :Void;
    changed @1 :Queue.JobSpec;
    # The job as it is to be. Id and user stay what they are, whatever stands here.
    refused @2 :Text;
    # By a modifier: the submission is refused with this text. By an adjuster: the job stays as it is,
    # and the text is logged.
  }
}

interface JobRouter @0xb1a6d2c0f47e5612 {
  route @0 (pool :Text, jobs :List(Candidate)) -> (pools :List(Text));
  # The pool of each job that names the virtual pool `pool`. Empty or unknown: the default of that
  # virtual pool. At most 500 jobs.
}

interface JobAdjuster @0xb1a6d2c0f47e5613 {
  adjust @0 (jobs :List(Candidate)) -> (changes :List(JobChange));
  # The last word on jobs that were accepted, before they are stored; as SubmissionModifier. A change
  # that goes beyond the limits of a job is not made. At most 500 jobs.
}

interface PoolMover @0xb1a6d2c0f47e5614 {
  moves @0 (owners :List(Owner)) -> (moves :List(PoolMove));
  # Which part of whose jobs goes to another pool. Asked after all others. At most 500 owners.
}

struct Owner {
  user @0 :Text;
  pool @1 :Text;
}

struct PoolMove {
  to @0 :Text;
  # The other pool; empty: they stay.
  portion @1 :Float64;
  # 0 to 1. The queue picks the jobs by a hash of their ids: the same job always goes the same way, and
  # whoever goes with a small portion also goes with a larger one.
}

interface JobShapes @0xb1a6d2c0f47e5615 {
  shapes @0 (pools :List(Text)) -> (pools :List(PoolShapes));
  # What the kinds of nodes can take of each pool. A job is refused that fits on none of them; a pool
  # without kinds takes all. At most 500 pools.
}

struct PoolShapes {
  types @0 :List(NodeType);
}

struct NodeType {
  name @0 :Text;
  # Shown to users.
  cpus @1 :Float64;
  # The most that one job may ask for; 0, as everywhere below: no limit.
  memMib @2 :Float64;
  gpus @3 :Float64;
  # 0: none at all
}

interface LaunchFilter @0xb1a6d2c0f47e5616 {
  filter @0 (jobs :List(WaitingJob)) -> (verdicts :List(LaunchVerdict));
  # Whether waiting jobs, whose turn it would be, may start. All filters must accept. At most 500 jobs.
}

struct WaitingJob {
  candidate @0 :Candidate;
  submittedAt @1 :Int64;
  # Unix ms.
  deferrals @2 :UInt32;
  # How often it was deferred already. A job that was deferred often and for long starts all the same.
}

struct LaunchVerdict {
  union {
    unspecified @0 :Void;   # nothing was said: the default holds
    accepted @1 :Void;
    deferred @2 :Text;      # why, for the user who asks
  }
  expiresAt @3 :Int64;
  # Unix ms. Until then the job is not asked about again, and one that was deferred does not start. It
  # counts as a second from now where it is earlier.
}

interface CompletionHandler @0xb1a6d2c0f47e5617 {
  completed @0 (instances :List(EndedInstance)) -> ();
  # Attempts that have ended, once that is durable; about one attempt perhaps more than once. What ends
  # while nobody answers, or while the queue is away, is not told later: whoever must hear of every end
  # watches the queue. At most 500.
}

struct EndedInstance {
  candidate @0 :Candidate;
  instance @1 :Queue.Instance;
  jobCompleted @2 :Bool;
  # No further attempt follows.
}
