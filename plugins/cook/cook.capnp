@0xb1a6d2c0f47e55c0;
# The configuration of the batch queue.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::cook");
using Config = import "/maitred/schema/config.capnp";
using Absent = import "/maitred/schema/absent.capnp";
using Manifest = import "/maitred/schema/manifest.capnp";
using Http = import "/maitred/schema/http.capnp";

const manifest :Manifest.Manifest = (
  name = "maitred-cook",
  version = "0.1.0",
  license = "Apache-2.0",
  vendor = "maitred",
  description = "A batch queue that shares a cluster fairly between users, with Cook's REST interface",
  provides = [ .Manifest.queue ],
  requires = [
    ( name = "backends", interface = .Manifest.backend, multiplicity = some,
      description = "where the jobs run" ),
    ( name = "submission_validators", interface = .Manifest.submissionValidator, multiplicity = any,
      description = "who must accept every job that is submitted" ),
    ( name = "submission_modifiers", interface = .Manifest.submissionModifier, multiplicity = any,
      description = "who may change jobs that are submitted, and choose their pool" ),
    ( name = "job_routers", interface = .Manifest.jobRouter, multiplicity = any,
      description = "who tells the pool of jobs in a virtual one" ),
    ( name = "job_adjusters", interface = .Manifest.jobAdjuster, multiplicity = any,
      description = "who may change jobs that were accepted" ),
    ( name = "pool_movers", interface = .Manifest.poolMover, multiplicity = any,
      description = "who moves part of a user's jobs to another pool" ),
    ( name = "job_shapes", interface = .Manifest.jobShapes, multiplicity = any,
      description = "who knows what the kinds of nodes can take" ),
    ( name = "launch_filters", interface = .Manifest.launchFilter, multiplicity = any,
      description = "who must accept every job before it starts" ),
    ( name = "completion_handlers", interface = .Manifest.completionHandler, multiplicity = any,
      description = "who is told of every attempt that has ended" ) ],
  commands = [
    ( name = "submit", description = "submit jobs" ),
    ( name = "list", description = "list jobs" ),
    ( name = "show", description = "show jobs in full" ),
    ( name = "wait", description = "wait until jobs have ended" ),
    ( name = "kill", description = "kill jobs" ),
    ( name = "logs", description = "print what a job wrote" ),
    ( name = "report", description = "jobs, waiting time, running time and share of each user" ),
    ( name = "usage", description = "what users run, beside their shares and quotas" ),
    ( name = "share", description = "show, set or reset what a user is entitled to" ),
    ( name = "quota", description = "show, set or reset what a user may run at most" ),
    ( name = "pools", description = "the pools and their state" ),
    ( name = "retry", description = "allow jobs more attempts" ),
    ( name = "queue", description = "the waiting jobs in the order of their turn" ),
    ( name = "explain", description = "where a job stands, and what held it back and when" ),
    ( name = "policy-eval", description = "what a policy would decide on a saved state of the queue" ),
    ( name = "case", description = "print what a case file has recorded" ),
    ( name = "replay", description = "decide recorded cycles anew and compare" ) ],
  listeners = [
    ( name = "rest", default = "127.0.0.1:12321", description = "Cook's REST interface" ) ]
);

struct CookConfig $Absent.absent([
    (keys = ["port"], why = "write `listen: { rest: ADDRESS:PORT }` beside `config`"),
    (keys = ["ssl", "server_https_port"],
     why = "write `http: { tls: … }`: a listener speaks TLS or it does not, so there is one port"),
    (keys = ["hostname", "cluster_dns_name"],
     why = "write `leader: { url: … }`: what clients are to call this queue"),
    (keys = ["authorization_config"],
     why = "its keys stand here by themselves: `authorization`, `admins`, `impersonators`, `allow`"),
    (keys = ["scheduler"],
     why = "its keys stand here by themselves: `task_constraints`, `mea_culpa_failure_limit`, `max_over_quota_jobs`"),
    (keys = ["offer_incubate_ms"],
     why = "has no meaning here: backends report nodes, and there are no offers to hold back"),
    (keys = ["rank"],
     why = "has no meaning here: the order is kept up with every change and never made anew by a timer"),
    (keys = ["offer_matching"],
     why = "has no meaning here: jobs are matched when something has changed, not by a timer"),
    (keys = ["exit_code_syncer", "sandbox_syncer"],
     why = "has no meaning here: the backend tells both with the state of the task"),
    (keys = ["kubernetes", "mesos", "compute_clusters", "compute_cluster_options"],
     why = "write a backend as an instance of its own under the file's `plugins`, and name it under `uses: { backends: … }`"),
    (keys = ["plugins"],
     why = "write them as instances under the file's `plugins`, and name them under `uses`"),
    (keys = ["metrics"],
     why = "has no meaning here: what is counted is served at `host.http.listen` and computed when it is asked for"),
    (keys = ["cache_working_set_size"],
     why = "has no meaning here: every job that `completed_jobs` keeps is in memory"),
    (keys = ["api_only"],
     why = "write `leader: { follow: … }`: a queue that follows serves without scheduling"),
    (keys = ["database"], why = "write `store`"),
    (keys = ["zookeeper"], why = "has no meaning here: `leader` says who leads"),
    (keys = ["log", "unhandled_exceptions", "nrepl"], why = "the log is the host's: write `host: { log: … }`") ]) {
  store @0 :Text = "sqlite:cook.db" $Config.storeUrl;
  # Where jobs are kept.
  policies @1 :PolicyPaths;
  # Lua files that decide.
  http @2 :Http.HttpConfig $Config.required $Config.example("{ auth: { one_user: operator } }");
  # Limits and authentication of the REST interface. How users say who they are must be chosen.
  defaultPool @3 :Text $Config.pattern("[a-zA-Z0-9_.-]*") $Config.example("batch");
  # The pool of jobs that name none; one of `pools`. Empty: there are no pools, as far as clients can see.
  shares @4 :List(UserShare) $Config.mapKey("user");
  # What users are entitled to in the default pool until it is set over REST. The user `default`
  # stands for all who are not named.
  admins @5 :List(Text);
  # Users who may do everything.
  impersonators @6 :List(Text);
  # Users who may act for others with the header X-Cook-Impersonate. Admins are not among them by themselves.
  authorization @7 :Authorization = configfileAdminsAuthOpenGets;
  # Who may see and change whose jobs.
  taskConstraints @8 :TaskConstraints;
  # The most that one job may ask for.
  corsOrigins @9 :List(Text) $Config.example("https://example[.]com");
  # Regular expressions in RE2's syntax: the origins whose web pages may call the REST interface.
  meaCulpaFailureLimit @10 :Int32 = 5 $Config.range((min = -1, max = 1000000));
  # How many failures of the system's making are free of charge, counted by reason; -1: all.
  meaCulpaFailureLimits @11 :List(ReasonLimit) $Config.mapKey("reason");
  # The same for single reasons, by their names.
  completedJobs @12 :Retention;
  # How long jobs are kept after their end.
  jobsPerRequest @13 :UInt32 = 10000 $Config.range((min = 1, max = 1000000));
  # The most jobs in one submission, and ids in one query.
  unreachableTimeout @14 :UInt64 = 600000
      $Config.unit(milliseconds) $Config.range((min = 1000, max = 604800000));
  # A task whose node has been silent for so long is given up, and its job is tried again.
  considerableJobs @15 :UInt32 = 1000 $Config.range((min = 1, max = 100000));
  # How many jobs, from the head of the queue, one scheduling cycle looks at.
  goodEnoughFitness @16 :Float64 = 0.8 $Config.range((min = 0, max = 1));
  # A node with a better fitness than this is taken without looking further.
  pools @17 :List(PoolConfig) $Config.mapKey("name");
  # Partitions with a queue, shares and quotas of their own. A pool has the nodes that bear its name.
  quotas @18 :List(UserQuota) $Config.mapKey("user");
  # What users may run at most at one time in the default pool until it is set over REST. The user
  # `default` stands for all who are not named.
  poolQuotas @19 :List(PoolQuota);
  # What all users together may run at most in a pool. The first whose expression is found in the
  # pool's name counts.
  quotaGrouping @20 :List(QuotaGroup) $Config.mapKey("pool");
  # Pools that share one quota: that of `pool_quotas` whose expression is found in the group's name.
  allow @21 :List(Text);
  # Users who are served at all, for `configfile_admins_open_gets_allowed_users_auth`.
  maxOverQuotaJobs @22 :UInt32 = 100 $Config.range((min = 0, max = 1.0e9));
  # So many of a user's waiting jobs beyond the quota are kept in the ranking.
  rateLimit @23 :RateLimit;
  # How fast users may submit and start jobs. Nothing is enforced unless it is said here.
  schedulers @24 :List(Scheduler);
  # How the jobs of single pools are matched with nodes. The first whose expression is found in the pool's name counts.
  rebalancer @25 :Rebalancer;
  # Stops tasks of users who have much for waiting jobs of users who have little.
  novelHost @26 :NovelHost = whereverPossible;
  # Whether a job may be started again on a host where an attempt of it has ended.
  estimatedCompletion @27 :EstimatedCompletion;
  # Nodes that are taken away after some time, and jobs that would not end before.
  clusterLocations @28 :List(ClusterLocation) $Config.mapKey("backend");
  # Where backends are: jobs that checkpoint are started again in the location of their last attempt.
  caseFile @29 :CaseFile;
  # Records what each scheduling cycle decided and by what, for `maitred cook replay`.
  leader @30 :Leader;
  # Which of several queues leads.
  clusters @31 :List(ClusterConfig) $Config.mapKey("backend");
  # What clients are told of single backends.
  progress @32 :ProgressConfig;
  # How what instances tell of their progress is gathered.
  queueLimits @33 :List(QueueLimit);
  # How many jobs of one user may wait in a pool. The first whose expression is found in the pool's name counts.
  gpuEnabled @34 :Bool = false;
  # Whether jobs may ask for gpus: of the models that `valid_gpu_models` names for their pool.
  validGpuModels @35 :List(GpuModels);
  # Which gpus there are in a pool. The first whose expression is found in the pool's name counts.
  disk @36 :List(PoolDisk);
  # How much disk jobs may ask for in a pool. The first whose expression is found in the pool's name counts; in pools
  # without one jobs may not ask for disk.
  defaultContainers @37 :List(DefaultContainer);
  # Of jobs that name no container, and the image of those whose container has none. The first whose expression is
  # found in the pool's name counts.
  executor @38 :ExecutorConfig;
  # The launcher beside each task, which looks for progress in what it writes.
  checkpoint @39 :CheckpointConfig;
  # Jobs that go on where an attempt before has stopped.
  extensions @40 :ExtensionConfig;
  # How plugins are asked that have a say in submissions and launches: those under `uses`.
  leaderReportsUnhealthy @41 :Bool = false;
  # Whether /debug answers 503 here and 200 where another queue is followed: for whoever spreads requests over several
  # hosts and asks there whom to send none.
}

struct QueueLimit {
  poolRegex @0 :Text $Config.nonEmpty $Config.example("^batch$");
  # A regular expression (RE2) that is looked for anywhere in a pool's name; without pools in `no-pool`.
  poolGlobalThreshold @1 :UInt32 = 2147483647 $Config.range((min = 0, max = 2147483647)) $Config.example("10000");
  # While more jobs than this wait in the pool, `user_limit_constrained` counts.
  userLimitNormal @2 :UInt32 = 2147483647 $Config.range((min = 0, max = 2147483647)) $Config.example("5000");
  # So many jobs of each user may wait otherwise.
  userLimitConstrained @3 :UInt32 = 2147483647 $Config.range((min = 0, max = 2147483647)) $Config.example("500");
  # So many may wait then.
}

struct GpuModels {
  poolRegex @0 :Text $Config.nonEmpty $Config.example("^gpu$");
  # A regular expression (RE2) that is looked for anywhere in a pool's name; without pools in `no-pool`.
  validModels @1 :List(Text) $Config.example("nvidia-tesla-p100");
  # The models, as nodes call them; a job names one in its variable COOK_GPU_MODEL.
  defaultModel @2 :Text $Config.example("nvidia-tesla-p100");
  # Of jobs that name none; empty: any.
}

struct PoolDisk {
  poolRegex @0 :Text $Config.nonEmpty $Config.example("^batch$");
  # A regular expression (RE2) that is looked for anywhere in a pool's name; without pools in `no-pool`.
  maxSize @1 :UInt64 = 268435456000 $Config.unit(bytes) $Config.range((min = 1048576, max = 1.0e18));
  # The most that a job may ask for.
  validTypes @2 :List(Text) $Config.example("standard");
  # The types that jobs may name.
  defaultType @3 :Text $Config.example("standard");
  # Of jobs that name none.
  defaultRequest @4 :UInt64 = 10737418240 $Config.unit(bytes) $Config.range((min = 0, max = 1.0e18));
  # What jobs are taken to need that do not say.
  typeMap @5 :List(DiskType) $Config.mapKey("type");
  # What nodes call these types, where it is something else.
  enableConstraint @6 :Bool = false;
  # Whether a job is only started on a node with so much free disk of the type.
}

struct DiskType {
  type @0 :Text $Config.nonEmpty $Config.example("standard");
  # As jobs call it.
  nodeType @1 :Text $Config.nonEmpty $Config.example("pd-standard");
  # As nodes call it.
}

struct DefaultContainer {
  poolRegex @0 :Text $Config.nonEmpty $Config.example("^batch$");
  # A regular expression (RE2) that is looked for anywhere in a pool's name; without pools in `no-pool`.
  image @1 :Text $Config.nonEmpty $Config.example("registry.example.com/base:1");
  # The image.
  network @2 :Text $Config.example("HOST");
  # The network; empty: the backend's usual one.
  forcePullImage @3 :Bool = false;
  # Whether the image is pulled although it is there.
  parameters @4 :List(ContainerParameter);
  # Further parameters of docker.
  volumes @5 :List(ContainerVolume);
  # Folders of the host that are seen inside.
  imageConfig @6 :Text $Config.example("base-image");
  # A key of /incremental-config: the jobs for which it has a value get that image in place of `image`.
}

struct ContainerParameter {
  key @0 :Text $Config.nonEmpty $Config.example("workdir");
  # Its name.
  value @1 :Text $Config.example("/tmp");
  # Its value.
}

struct ContainerVolume {
  hostPath @0 :Text $Config.nonEmpty $Config.example("/data");
  # The folder on the host.
  containerPath @1 :Text $Config.example("/data");
  # Where it is seen; empty: under the same path.
  readOnly @2 :Bool = false;
  # Whether it cannot be written to from inside.
}

struct ProgressConfig {
  publishInterval @0 :UInt64 = 2500 $Config.unit(milliseconds) $Config.range((min = 10, max = 3600000));
  # How often it is written down, and seen by then.
  batchSize @1 :UInt32 = 100 $Config.range((min = 1, max = 100000));
  # Instances in one write.
  pendingThreshold @2 :UInt32 = 4000 $Config.range((min = 1, max = 10000000));
  # While so many instances wait to be written down, reports of others are dropped.
  sequenceCacheThreshold @3 :UInt32 = 1000 $Config.range((min = 0, max = 10000000));
  # Of so many instances the latest sequence is remembered, so that a late report does not undo a newer one.
}

struct ExtensionConfig {
  submissionDeadline @0 :UInt64 = 40000 $Config.unit(milliseconds) $Config.range((min = 10, max = 3600000));
  # How long validators and shapes may take for a whole submission.
  submissionDefault @1 :DefaultVerdict = accept;
  # What holds where a validator does not answer in time.
  changeDeadline @2 :UInt64 = 10000 $Config.unit(milliseconds) $Config.range((min = 10, max = 3600000));
  # How long each modifier, router, adjuster and mover may take for a whole submission.
  modifierDefault @3 :DefaultVerdict = accept;
  # What holds where a modifier does not answer in time: the jobs as they are, or a refusal.
  launchFilterDeadline @4 :UInt64 = 5000 $Config.unit(milliseconds) $Config.range((min = 10, max = 3600000));
  # How long filters may take for the jobs of one cycle.
  launchFilterDefault @5 :DefaultVerdict = accept;
  # What holds, for ten seconds, where a filter does not answer in time.
  ageOut @6 :AgeOut;
  # When a job starts although filters go on deferring it.
  virtualPools @7 :List(VirtualPoolConfig) $Config.mapKey("name");
  # Pools that only clients know. A router tells which one it is for each job.
  completionDeadline @8 :UInt64 = 10000 $Config.unit(milliseconds) $Config.range((min = 10, max = 3600000));
  # How long completion handlers may take for the attempts that have ended meanwhile.
}

enum DefaultVerdict {
  accept @0;  # as if it had accepted
  reject @1;  # as if it had not: submissions are refused, launches deferred
}

struct AgeOut {
  # All three must hold.
  deferrals @0 :UInt32 = 10 $Config.range((min = 0, max = 1000000));
  # It was deferred more often than this.
  firstSeen @1 :UInt64 = 36000000 $Config.unit(milliseconds) $Config.range((min = 0, max = 3.2e11));
  # It was first asked about longer ago.
  lastSeen @2 :UInt64 = 600000 $Config.unit(milliseconds) $Config.range((min = 0, max = 3.2e11));
  # It was last asked about within this time.
}

struct VirtualPoolConfig {
  name @0 :Text $Config.pattern("[a-zA-Z0-9_.-]{1,128}") $Config.example("any");
  # What clients call it; none of `pools`.
  router @1 :Text $Config.nonEmpty $Config.required $Config.example("site-rules");
  # An instance under `uses: { job_routers: … }`.
  fallback @2 :Text $Config.required $Config.example("batch");
  # The pool of jobs for which the router does not tell one; one of `pools`.
}

struct Leader {
  follow @0 :Text $Config.pattern("(https?://[^/?#]+/?)?") $Config.example("http://queue-1.example.org:12321");
  # The REST interface of the queue that leads. Then this one opens no store and starts nothing: it relays reads,
  # submissions and kills to the leader, and redirects what is for the leader alone.
  url @1 :Text $Config.pattern("(https?://[^/?#]+/?)?") $Config.example("http://queue-2.example.org:12321");
  # What clients are to call this queue while it leads; /info shows it. Empty: what they do call it.
  ca @2 :Text $Config.path(config) $Config.example("tls/ca.pem");
  # PEM file with the authorities that an https leader is verified with, instead of the system's.
  interval @3 :UInt64 = 2000 $Config.unit(milliseconds) $Config.range((min = 100, max = 3600000));
  # How often the leader is asked whether it is there.
  timeout @4 :UInt64 = 30000 $Config.unit(milliseconds) $Config.range((min = 100, max = 3600000));
  # How long the leader may take for a request that is relayed.
}

struct ClusterConfig {
  backend @0 :Text $Config.nonEmpty $Config.example("local");
  # The backend's instance.
  type @1 :Text $Config.pattern("[a-z0-9-]{0,64}") $Config.example("mesos");
  # As instances show it. By it clients choose their way to the files of a job: by kubectl for `kubernetes`, by the
  # address in `output_url` for all others. Empty: kubernetes if it is that, otherwise mesos.
  factoryFn @2 :Text $Config.example("cook.mesos.mesos-compute-cluster/factory-fn");
  # As /settings shows it. Empty: what Cook has for that type.
  computeClusterLaunchRateLimits @3 :ClusterRateLimit;
  # Jobs that are started there, whosever they are. While more were started than was saved up, none is.
}

struct ClusterRateLimit {
  bucketSize @0 :UInt32 = 10000 $Config.range((min = 1, max = 1.0e9));
  # So many launches can be saved up, and may then come at once.
  tokensReplenishedPerMinute @1 :UInt32 = 600 $Config.range((min = 1, max = 1.0e9));
  # So many more are allowed every minute.
  enforce @2 :Bool = false;
}

struct ExecutorConfig $Absent.absent([
    (keys = ["progress_sample_interval_ms"], why = "write `progress_sample_interval`, with its unit: `300s`") ]) {
  command @0 :Text = "maitred-shim" $Config.example("maitred-shim");
  # What clients see as its command. Empty: no job gets it, and nobody looks for progress.
  environment @1 :List(ExecutorVariable) $Config.mapKey("name");
  # Variables for every instance that it runs, above those of the job.
  logLevel @2 :Text = "INFO" $Config.nonEmpty;
  # Told to instances as EXECUTOR_LOG_LEVEL.
  maxMessageLength @3 :UInt32 = 512 $Config.range((min = 1, max = 4096));
  # Bytes of a progress message.
  portion @4 :Float64 = 0 $Config.range((min = 0, max = 1));
  # So large a part of the jobs that do not say which executor they want gets it.
  progressSampleInterval @5 :UInt64 = 300000 $Config.unit(milliseconds) $Config.range((min = 10, max = 86400000));
  # After its first report of progress an instance tells the next ones at most so often; the last comes with its end.
  retryLimit @6 :UInt32 = 5 $Config.range((min = 0, max = 1000000));
  # Only so many of the first instances of such a job get it; 0: all.
  defaultProgressRegexString @7 :Text = "progress:\\s+([0-9]*\\.?[0-9]+)($|\\s+.*)" $Config.nonEmpty;
  # What a report looks like where the job does not say, in RE2's syntax: group 1 the percentage, group 2 the message.
  killGrace @8 :UInt64 = 2000 $Config.unit(milliseconds) $Config.range((min = 0, max = 3600000));
  # Between SIGTERM and SIGKILL, for all instances.
}
struct ExecutorVariable {
  name @0 :Text $Config.nonEmpty $Config.pattern("[A-Za-z_][A-Za-z0-9_]*") $Config.example("SITE");
  # The variable's name.
  value @1 :Text $Config.required;
  # Its value.
}

struct CheckpointConfig {
  disabled @0 :Bool = false;
  # No instance is told to checkpoint.
  maxAttempts @1 :UInt32 = 0 $Config.range((min = 0, max = 1000000));
  # After so many failures that it may have caused a job goes on without; 0: never.
  pools @2 :List(Text);
  # Only in these pools; none: in all.
}

struct Rebalancer $Absent.absent([
    (keys = ["interval_seconds"], why = "write `interval`, with its unit: `300s`"),
    (keys = ["dru_scale"], why = "has no meaning here: it scaled nothing but a metric") ]) {
  # It runs if the first three are given.
  maxPreemption @0 :UInt32 = 0 $Config.range((min = 0, max = 100000)) $Config.example("128");
  # For how many waiting jobs of a pool room is made at a time, at most.
  minDruDiff @1 :Float64 = -1 $Config.range((min = -1, max = 1.0e300)) $Config.example("0.5");
  # A task is stopped for a job only if its score is above that of the job by more than this.
  safeDruThreshold @2 :Float64 = -1 $Config.range((min = -1, max = 1.0e300)) $Config.example("1.0");
  # Tasks with a lower score are not stopped. With 1 nobody loses anything within their share.
  interval @3 :UInt64 = 300000 $Config.unit(milliseconds) $Config.range((min = 1000, max = 86400000));
  # How often it runs.
  poolRegex @4 :Text = ".*" $Config.nonEmpty $Config.example("^batch$");
  # A regular expression (RE2) that is looked for in the names of pools; in the others nothing is stopped.
}

enum NovelHost {
  whereverPossible @0;  # not if any other host of the pool could ever take it
  always @1;            # never; where there is no other host it waits for one
}

struct EstimatedCompletion $Absent.absent([
    (keys = ["host_lifetime_mins"], why = "write `host_lifetime`, with its unit: `1440min`"),
    (keys = ["agent_start_grace_period_mins"],
     why = "write `agent_start_grace_period`, with its unit: `10min`") ]) {
  # Off unless the first two are given.
  hostLifetime @0 :UInt64 = 0 $Config.unit(milliseconds) $Config.range((min = 0, max = 3.2e11)) $Config.example("24h");
  # A node is gone so long after the unix second in its attribute host-start-time; without one it stays.
  expectedRuntimeMultiplier @1 :Float64 = 0 $Config.range((min = 0, max = 1000)) $Config.example("1.2");
  # Jobs are taken to run for their expected runtime times this.
  agentStartGracePeriod @2 :UInt64 = 600000 $Config.unit(milliseconds) $Config.range((min = 0, max = 3.2e11));
  # So much of a node's life can be over before it takes work: no job is taken to need that too.
}

struct ClusterLocation {
  backend @0 :Text $Config.nonEmpty $Config.example("local");
  # The backend's instance.
  location @1 :Text $Config.nonEmpty $Config.example("us-east1");
  # A name of your choice.
}

struct Scheduler $Absent.absent([
    (keys = ["scheduler", "scheduler_config"],
     why = "has no meaning here: there is one way of matching, and its keys stand here by themselves"),
    (keys = ["fenzo_max_jobs_considered"], why = "write `max_jobs_considered`"),
    (keys = ["fenzo_scaleback"], why = "write `scaleback`"),
    (keys = ["fenzo_floor_iterations_before_warn"], why = "write `floor_iterations_before_warn`"),
    (keys = ["fenzo_floor_iterations_before_reset"], why = "write `floor_iterations_before_reset`"),
    (keys = ["minimum_scheduling_capacity_threshold", "scheduling_pause_time_ms"],
     why = "has no meaning here: the queue places every job itself, on Kubernetes too") ]) {
  poolRegex @0 :Text $Config.nonEmpty $Config.example("^batch$");
  # A regular expression (RE2) that is looked for anywhere in a pool's name; without pools in `no-pool`.
  maxJobsConsidered @1 :UInt32 = 1000 $Config.range((min = 1, max = 100000));
  # In place of `considerable_jobs`.
  goodEnoughFitness @2 :Float64 = 0.8 $Config.range((min = 0, max = 1));
  # In place of that of the queue.
  scaleback @3 :Float64 = 0.95 $Config.range((min = 0.01, max = 0.99));
  # While others find room and the first job does not, the number considered becomes this part of itself at each tick.
  floorIterationsBeforeWarn @4 :UInt32 = 10 $Config.range((min = 1, max = 1000000));
  # After so many ticks for which only the first job was considered a warning is logged.
  floorIterationsBeforeReset @5 :UInt32 = 1000 $Config.range((min = 1, max = 1000000));
  # After so many of them all jobs are considered again.
}

struct RateLimit {
  expireMinutes @0 :UInt32 = 120 $Config.range((min = 1, max = 1000000));
  # What is known of a user who has done nothing for so many minutes may be forgotten, once all is saved up again.
  jobSubmission @1 :SubmissionRate;
  # Jobs that each user submits. Whoever has submitted more than was saved up is refused until that is made up for.
  perUserPerPoolJobLaunch @2 :LaunchRate;
  # Jobs that are started for each user in each pool, by `launch_rate_saved` and `launch_rate_per_minute` of the quota.
  userLimitPerM @3 :UInt32 = 0 $Config.range((min = 0, max = 1.0e9)) $Config.example("600");
  # So many requests of each user are answered in a minute, and the others with 429; 0: all.
  authBypassLimitPerM @4 :UInt32 = 0 $Config.range((min = 0, max = 1.0e9)) $Config.example("600");
  # The same of each address, where no credentials are asked for; /metrics and /debug are not counted.
  userLimitForMetricsPerM @5 :UInt32 = 0 $Config.range((min = 0, max = 1.0e9)) $Config.example("30");
  # The same of each address, for /metrics.
}

struct SubmissionRate {
  bucketSize @0 :UInt32 = 10000 $Config.range((min = 1, max = 1.0e9));
  # So many jobs can be saved up, and may then be submitted at once.
  tokensReplenishedPerMinute @1 :UInt32 = 600 $Config.range((min = 1, max = 1.0e9));
  # So many more may be submitted every minute.
  enforce @2 :Bool = false;
}

struct LaunchRate {
  enforce @0 :Bool = false;
}

struct CaseFile {
  path @0 :Text $Config.path(state) $Config.example("cases");
  # The folder of the files, for this queue alone. Empty: nothing is recorded.
  size @1 :UInt64 = 67108864 $Config.unit(bytes) $Config.range((min = 1048576, max = 1.0e9));
  # A new file is begun once one has this size.
  files @2 :UInt32 = 4 $Config.range((min = 1, max = 10000));
  # So many files are kept; the oldest goes first.
}

struct PoolConfig {
  name @0 :Text $Config.pattern("[a-zA-Z0-9_.-]{1,128}") $Config.example("batch");
  # The pool's name; nodes name it too.
  purpose @1 :Text $Config.example("short jobs");
  # What it is for, in words; shown to clients.
  state @2 :PoolState = active;
  # Whether it takes and starts jobs.
  druMode @3 :Comparison = default;
  # By which resources users are compared.
  shares @4 :List(UserShare) $Config.mapKey("user");
  # As `shares` of the queue, for this pool.
  quotas @5 :List(UserQuota) $Config.mapKey("user");
  # As `quotas` of the queue, for this pool.
  defaultConstraints @6 :List(AttributeValue) $Config.mapKey("attribute");
  # What a node's attributes must be for jobs that do not constrain the same one themselves.
}

struct AttributeValue {
  attribute @0 :Text $Config.nonEmpty $Config.example("node-type");
  # Of nodes; HOSTNAME is the host's name.
  value @1 :Text $Config.example("standard");
  # What it must be.
}

enum PoolState {
  active @0;    # takes jobs and starts them
  inactive @1;  # takes and starts none; what runs goes on, and all can be looked at
}

enum Comparison {
  default @0;  # memory or cpus, whichever is scarcer
  gpu @1;      # gpus alone
}

struct PoolQuota {
  poolRegex @0 :Text $Config.nonEmpty $Config.example("^batch$");
  # A regular expression that is looked for anywhere in the name of a pool or a group.
  mem @1 :Int64 = -1 $Config.unit(bytes) $Config.range((min = -1, max = 1.0e18)) $Config.example("1TiB");
  # Memory of all running jobs; -1, as everywhere below: no limit.
  cpus @2 :Int64 = -1 $Config.unit(cpuMillis) $Config.range((min = -1, max = 1.0e15)) $Config.example("400");
  # Cpus of all running jobs.
  gpus @3 :Int64 = -1 $Config.range((min = -1, max = 1.0e9));
  # Gpus of all running jobs.
  count @4 :Int64 = -1 $Config.range((min = -1, max = 2147483647));
  # Number of running jobs.
}

struct QuotaGroup {
  pool @0 :Text $Config.nonEmpty $Config.example("batch");
  # One of `pools`.
  group @1 :Text $Config.nonEmpty $Config.example("all");
  # A name of your choice; pools with the same one share a quota.
}

struct PolicyPaths {
  fairness @0 :Text $Config.path(policy) $Config.example("fairness/drf.lua");
  # The order between users. Empty: dominant resource usage, built in.
  placement @1 :Text $Config.path(policy) $Config.example("placement/bin-packing.lua");
  # The fitness of a node for a job. Empty: bin packing, built in.
  preemption @2 :Text $Config.path(policy) $Config.example("preemption/dru.lua");
  # Which tasks the rebalancer stops, among those that its thresholds allow. Empty: those that are
  # furthest above their users' shares, built in.
  admission @3 :Text $Config.path(policy) $Config.example("admission/bounded-work.lua");
  # Which submissions are taken, and what is changed in them first. Empty: whatever the limits allow.
}

struct UserShare {
  user @0 :Text $Config.nonEmpty $Config.example("default");
  # The user's name.
  mem @1 :UInt64 $Config.unit(bytes) $Config.range((min = 0, max = 1.0e15)) $Config.example("64GiB");
  # Memory. 0: the default user's share, and for that one no limit.
  cpus @2 :UInt64 $Config.unit(cpuMillis) $Config.range((min = 0, max = 1.0e12)) $Config.example("16");
  # Cpus. 0 likewise.
  gpus @3 :UInt64 $Config.range((min = 0, max = 1.0e9));
  # Gpus. 0 likewise.
}

struct UserQuota {
  user @0 :Text $Config.nonEmpty $Config.example("default");
  # The user's name.
  mem @1 :Int64 = -1 $Config.unit(bytes) $Config.range((min = -1, max = 1.0e18)) $Config.example("256GiB");
  # Memory of running jobs; -1, as everywhere below: the default user's quota, and for that one no limit.
  cpus @2 :Int64 = -1 $Config.unit(cpuMillis) $Config.range((min = -1, max = 1.0e15)) $Config.example("64");
  # Cpus of running jobs.
  gpus @3 :Int64 = -1 $Config.range((min = -1, max = 1.0e9));
  # Gpus of running jobs.
  count @4 :Int64 = -1 $Config.range((min = -1, max = 2147483647));
  # Number of running jobs.
  launchRateSaved @5 :Float64 = -1 $Config.range((min = -1, max = 1.0e15)) $Config.example("500");
  # So many launches can be saved up; has an effect with `rate_limit.per_user_per_pool_job_launch`.
  launchRatePerMinute @6 :Float64 = -1 $Config.range((min = -1, max = 1.0e15)) $Config.example("60");
  # So many more launches are allowed every minute.
}

enum Authorization {
  unspecified @0;
  openAuth @1;                      # everybody may do everything
  configfileAdminsAuth @2;          # owners and admins
  configfileAdminsAuthOpenGets @3;  # owners and admins; everybody may read
  openAuthNoJobKilling @4;          # everybody may do everything but kill jobs
  configfileAdminsOpenGetsAllowedUsersAuth @5;  # the same as open gets, for users in `allow` alone
}

struct TaskConstraints $Absent.absent([
    (keys = ["timeout_hours"], why = "write `timeout`, with its unit: `1h`"),
    (keys = ["default_timeout_hours"], why = "write `default_timeout`, with its unit: `1h`"),
    (keys = ["max_timeout_hours"], why = "write `max_timeout`, with its unit: `48h`"),
    (keys = ["timeout_interval_minutes"], why = "write `timeout_interval`, with its unit: `1min`"),
    (keys = ["memory_gb"], why = "write `memory`, with its unit: `12GiB`") ]) {
  cpus @0 :UInt64 = 4000 $Config.unit(cpuMillis) $Config.range((min = 1, max = 1.0e9));
  # Cpus of one job.
  memory @1 :UInt64 = 12884901888 $Config.unit(bytes) $Config.range((min = 1048576, max = 1.0e15));
  # Memory of one job.
  retryLimit @2 :UInt32 = 20 $Config.range((min = 1, max = 1000000));
  # Attempts of one job.
  maxPorts @3 :UInt32 = 5 $Config.range((min = 0, max = 1000));
  # Ports of one job.
  commandLengthLimit @4 :UInt32 = 0;
  # Bytes of a command; 0: only the limit of the request's body.
  timeout @5 :UInt64 = 3600000 $Config.unit(milliseconds) $Config.range((min = 1000, max = 3.2e11));
  # How long one attempt may run, whatever the job says.
  defaultTimeout @6 :UInt64 = 0 $Config.unit(milliseconds) $Config.range((min = 0, max = 3.2e11)) $Config.example("1h");
  # The same for jobs that do not say how long they may run; 0: `timeout`.
  maxTimeout @7 :UInt64 = 0 $Config.unit(milliseconds) $Config.range((min = 0, max = 3.2e11)) $Config.example("48h");
  # The same for all; 0: `timeout`.
  timeoutInterval @8 :UInt64 = 60000 $Config.unit(milliseconds) $Config.range((min = 1000, max = 86400000));
  # How often attempts are looked for that run for too long, by these limits or by their group's.
  dockerParametersAllowed @9 :List(Text) $Config.example("env");
  # The parameters of docker that jobs may give; empty: all.
}

struct ReasonLimit {
  reason @0 :Text $Config.nonEmpty $Config.example("mesos-slave-removed");
  # The reason's name as /failure_reasons has it.
  limit @1 :Int32 $Config.range((min = -1, max = 1000000));
  # How many of them are free of charge; -1: all.
}

struct Retention {
  time @0 :UInt64 = 604800000 $Config.unit(milliseconds) $Config.range((min = 60000, max = 3.2e12));
  # After this time they leave the queue.
  count @1 :UInt32 = 1000000 $Config.range((min = 1, max = 100000000));
  # Beyond this number the oldest leave first.
  archive @2 :Bool = true;
  # They go to an archive beside the store, cook-archive.db for cook.db. Otherwise they are deleted.
  archiveTime @3 :UInt64 = 31536000000 $Config.unit(milliseconds) $Config.range((min = 0, max = 3.2e12));
  # After this time they are deleted from the archive; 0: never.
}
