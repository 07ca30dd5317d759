@0xd0b2ae19ec6f4a12;
# Configuration and manifest of the local backend.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::local");
using Config = import "/maitred/schema/config.capnp";
using Manifest = import "/maitred/schema/manifest.capnp";
using Http = import "/maitred/schema/http.capnp";

struct LocalConfig {
  cluster @0 :Text = "local" $Config.nonEmpty $Config.pattern("[A-Za-z0-9][A-Za-z0-9._-]*");
  # The cluster's name: part of every task's record, so keep it.

  resources @1 :Capacity $Config.example("{ cpus: 8, mem: 16GiB }");
  # What the one node has, where `nodes` is not given. What is left out is taken from the machine.

  nodes @2 :List(NodeConfig) $Config.mapKey("name");
  # Several virtual nodes on this machine. Without them there is one, named like the host.

  runAs @3 :RunAsConfig $Config.example("submitter");
  # Under which account tasks run. By default the submitter's where the host is root, otherwise the host's.

  unknownUser @4 :Text $Config.example("nobody");
  # The account for submitters who have none on this machine. Without it their tasks are refused.

  allowRoot @5 :Bool;
  # Lets tasks run as root if that is what the rules above lead to. Otherwise such tasks are refused.

  workDirectory @6 :Text = "work" $Config.path(state);
  # Holds records and sandboxes. Tasks must be able to reach it: every folder above it needs the
  # permission to be searched (chmod o+x).

  limits @7 :LimitMode = auto;
  # How memory and cpu are limited. `auto` takes control groups if they may be written to, version 2 first,
  # and else watches the memory in use.

  cpuQuota @8 :Bool;
  # A task never gets more cpu than it asked for, even while the machine is idle. Needs control groups.

  retention @9 :RetentionConfig;
  # How long sandboxes of ended tasks are kept.

  uris @10 :UriConfig;
  # Limits for the files that tasks want fetched before their start.

  environment @11 :List(VariableConfig) $Config.mapKey("name");
  # Variables for every task; the task's own come first where both set one.

  url @12 :UrlConfig;
  # What the sandbox URLs of tasks say. By default the node's address and the port of the listener `files`.

  http @13 :Http.HttpConfig;
  # Limits and authentication of the listener `files`. Without `auth` everybody who reaches the listener may
  # read every sandbox, which is what Cook's clients expect: they send no credentials to it.

  readMax @14 :UInt64 = 25000000 $Config.unit(bytes) $Config.range((min = 1024, max = 100000000));
  # The largest piece of a file that one request may read.

  containers @15 :ContainerMode = refuse;
  # What becomes of tasks that want to run in a container, which nothing here can make.
}

enum ContainerMode {
  refuse @0;  # they are refused, with a sentence
  ignore @1;  # they run as plain processes, without image, volumes and all else that the container says
}

struct Capacity {
  cpus @0 :UInt64 $Config.unit(cpuMillis) $Config.range((max = 1e9)) $Config.example("8");
  # May exceed the machine's. 0 = the machine's.
  mem @1 :UInt64 $Config.unit(bytes) $Config.example("16GiB");
  # May exceed the machine's. 0 = the machine's.
  disk @2 :UInt64 $Config.unit(bytes) $Config.example("100GiB");
  # 0 = the size of the file system that holds the work directory.
  others @3 :List(OtherAmount) $Config.mapKey("name");
  # Anything else that is counted in whole numbers, e.g. gpu.
}
struct OtherAmount {
  name @0 :Text $Config.nonEmpty $Config.example("gpu");
  # As consumers ask for it.
  count @1 :UInt64 $Config.required $Config.example("2");
  # How many there are.
}

struct NodeConfig {
  name @0 :Text $Config.nonEmpty $Config.pattern("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  # Its id and hostname.
  address @1 :Text $Config.example("127.0.0.2");
  # Where its tasks' ports are reached. By default 127.0.0.1, 127.0.0.2, … in the order of the nodes.
  resources @2 :Capacity;
  # What it has; by default the machine's.
  attributes @3 :List(AttributeConfig) $Config.mapKey("name");
  # For the constraints of tasks.
  pool @4 :Text = "default" $Config.nonEmpty;
  # The pool that it belongs to.
  tasksMax @5 :UInt32;
  # 0 = no limit.
  ports @6 :PortRangeConfig;
  # From which tasks get ports. By default 31000 to 31999 for the first node, 32000 to 32999 for the second, ….
}
struct AttributeConfig {
  name @0 :Text $Config.nonEmpty;
  # The attribute's name.
  values @1 :List(Text) $Config.required;
  # One or several values.
}
struct PortRangeConfig {
  first @0 :UInt16;
  # 0 = the default.
  last @1 :UInt16;
  # Included.
}

struct RunAsConfig {
  union {
    automatic @0 :Void;   # `submitter` where the host is root, otherwise `host`
    submitter @1 :Void;   # the account named like the submitter
    fixed @2 :Text;       # this account for all
    host @3 :Void;        # the host's own
  }
}

enum LimitMode {
  auto @0;
  cgroupV2 @1;
  cgroupV1 @2;
  watch @3;
  none @4;
}

struct RetentionConfig {
  age @0 :UInt64 = 604800 $Config.unit(seconds) $Config.example("7d");
  # How long after a task's end. Nothing is removed before its consumer has recorded the end.
  size @1 :UInt64 = 10737418240 $Config.unit(bytes) $Config.example("10GiB");
  # All ended sandboxes together; the oldest go first. 0 = no limit.
}
struct UriConfig {
  bytesMax @0 :UInt64 = 2147483648 $Config.unit(bytes) $Config.range((min = 1));
  # Of one file, and of what one archive holds.
  timeout @1 :UInt32 = 600000 $Config.unit(milliseconds) $Config.range((min = 1000));
  # For all files of a task together.
  caFile @2 :Text $Config.path(config) $Config.example("tls/ca.pem");
  # PEM file with the authorities that https servers are verified with, instead of the system's.
  # The accounts of the tasks must be able to read it.
}
struct VariableConfig {
  name @0 :Text $Config.nonEmpty $Config.pattern("[A-Za-z_][A-Za-z0-9_]*");
  # The variable's name.
  value @1 :Text $Config.required;
  # Its value.
}
struct UrlConfig {
  host @0 :Text $Config.example("node1.example.org");
  # Instead of the node's address, e.g. behind a proxy.
  port @1 :UInt16;
  # Instead of the listener's port.
}

const manifest :Manifest.Manifest = (
  name = "maitred-local",
  version = "0.1.0",
  license = "Apache-2.0",
  vendor = "maitred",
  description = "Backend: processes on this machine.",
  provides = [.Manifest.backend],
  listeners = [(
    name = "files",
    default = "127.0.0.1:5051",
    description = "Sandboxes by HTTP: browse, read, download. Bind 0.0.0.0 for nodes with addresses of their own.",
    required = false)],
  needs = [state]);
