@0xb1a6d2c0f47e5520;
# Host: the type of maitred.yaml.
#
# The reader in host/config turns the file into a `File`; the documentation, the JSON Schema and
# `maitred init` are made from the comments below. How a field becomes a key: /maitred/schema/config.capnp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::host::settings");
using Config = import "/maitred/schema/config.capnp";
using HttpSide = import "/maitred/schema/http.capnp";

struct File {
  host @0 :Host;
  # The core process itself. Everything has a default, so that a first file needs only `plugins`.

  plugins @1 :List(Plugin);
  # The plugins that run, each under a name of its own. The order carries no meaning: the start order follows `uses`.

  include @2 :List(Text) $Config.oneOrMany $Config.example("[plugins.d/cook.yaml]");
  # Further files, relative to this one, at most 8 deep. Their plugins are added and their host keys merged.
  # A key that two files set is an error.
}

struct Host {
  log @0 :Log;
  # What is logged, how, and where.

  state @1 :Text = "./state" $Config.path(config) $Config.nonEmpty $Config.example("./state");
  # The folder under which everything durable lives; each instance has a folder of its own name in it.
  # Not given, in a configuration below /etc, it is /var/lib/maitred.

  policyPath @2 :List(Text) $Config.path(config) $Config.oneOrMany $Config.example("[./policies]");
  # Folders that are searched for Lua policies, before the ones that ship with maitred.

  pluginPath @3 :List(Text) $Config.path(config) $Config.oneOrMany $Config.example("[/opt/maitred/plugins]");
  # Folders that are searched for plugin libraries, before the ones that ship with maitred.

  admin @4 :Admin;
  # The door for `maitred ctl`.

  http @5 :Http;
  # The host's own HTTP endpoint: /metrics, /healthz and /readyz.

  drainTimeout @6 :UInt32 = 30000 $Config.unit(milliseconds) $Config.range((max = 86400000)) $Config.example("30s");
  # How long a stop waits for each plugin to finish or hand over its work.

  isolation @7 :Isolation = process $Config.example("process");
  # How plugins run that do not say so themselves.

  worker @8 :Worker;
  # Limits and watch over each plugin process.

  edge @9 :Edge;
  # Limits of the calls that one plugin makes to another.
}

struct Log {
  level @0 :Level = info $Config.example("info");
  # The least important message that is written. `maitred ctl log-level` changes it at run time.

  format @1 :Format = text $Config.example("text");
  # Text for people, or one JSON object a line for machines.

  file @2 :Text $Config.path(config) $Config.example("/var/log/maitred.log");
  # Where to write; standard error when empty. The file is opened anew on SIGUSR1, for rotation.

  enum Level { debug @0; info @1; warning @2; error @3; }
  enum Format { text @0; json @1; }
}

struct Admin {
  socket @0 :Text $Config.path(config) $Config.example("./state/admin.sock");
  # Path of the Unix socket; `admin.sock` in the state folder when empty. At most 107 bytes.
}

struct Http {
  listen @0 :Text = "127.0.0.1:12380" $Config.example("127.0.0.1:12380");
  # Address and port of the endpoint. An empty text switches it off.

  tls @1 :HttpSide.HttpTls $Config.example("{ certificate: tls/cert.pem, key: tls/key.pem }");
  # Serves it with TLS, and not otherwise. Without it the endpoint is plain.
}

enum Isolation {
  unspecified @0;
  process @1;   # a process of its own: a crash, leak or hang stays inside
  inline @2;    # in the core process: faster calls, full trust
}

struct Worker {
  memory @0 :UInt64 $Config.unit(bytes) $Config.example("2GiB");
  # Resident memory that a plugin process may use before it is killed and started again; 0 is no limit.

  heartbeat @1 :UInt32 = 1000 $Config.unit(milliseconds) $Config.range((min = 50, max = 60000)) $Config.example("1s");
  # How often the health of each plugin is asked.

  misses @2 :UInt32 = 3 $Config.range((min = 1, max = 100)) $Config.example("3");
  # After so many heartbeats without an answer the process is killed and started again.

  crashLimit @3 :UInt32 = 5 $Config.range((min = 1, max = 1000)) $Config.example("5");
  # So many crashes within `crash_window` and the instance stays down until `maitred ctl restart`.

  crashWindow @4 :UInt32 = 300000 $Config.unit(milliseconds) $Config.range((min = 1000, max = 86400000)) $Config.example("5min");
  # The span in which crashes are counted.

  healthyAfter @5 :UInt32 = 60000 $Config.unit(milliseconds) $Config.range((min = 1, max = 86400000)) $Config.example("60s");
  # Health of this length forgets earlier crashes and resets the back-off.

  startTimeout @6 :UInt32 = 60000 $Config.unit(milliseconds) $Config.range((min = 100, max = 86400000)) $Config.example("60s");
  # A plugin that has not finished its start after so long is killed and started again.
}

struct Edge {
  inFlightMax @0 :UInt32 = 1024 $Config.range((min = 1, max = 1000000)) $Config.example("1024");
  # Calls that may be unanswered at once on one edge; a further one fails as overloaded.

  deadline @1 :UInt32 = 60000 $Config.unit(milliseconds) $Config.range((min = 1, max = 86400000)) $Config.example("60s");
  # A call that is unanswered for so long fails as overloaded.
}

struct Plugin {
  name @0 :Text $Config.required $Config.pattern("[a-z][a-z0-9-]{0,62}") $Config.example("cook");
  # Name of this instance, by which others refer to it. A plugin may run more than once under different names.

  library @1 :Text $Config.required $Config.nonEmpty $Config.example("maitred-cook");
  # Name of the library in the plugin path, without `.so`, or a path to it with at least one slash.

  isolation @2 :Isolation $Config.example("process");
  # How this instance runs; `host.isolation` when not given.

  uses @3 :List(Use) $Config.mapKey("requirement") $Config.mapValue("instances") $Config.example("{ backends: [local] }");
  # The wiring: what the plugin requires, and which instances provide it.

  listen @4 :List(Listen) $Config.mapKey("name") $Config.mapValue("address") $Config.example("{ rest: 127.0.0.1:12321 }");
  # Addresses that the host binds for this plugin.

  config @5 :AnyStruct;
  # The plugin's own settings; `maitred config-docs PLUGIN` describes them.

  memory @6 :UInt64 $Config.unit(bytes) $Config.example("4GiB");
  # Memory limit of this instance in place of `host.worker.memory`; 0 keeps that.

  edge @7 :EdgeOverride;
  # Limits of the calls that this instance makes, in place of `host.edge`.
}

struct EdgeOverride {
  inFlightMax @0 :UInt32 $Config.range((max = 1000000)) $Config.example("4096");
  # In place of `host.edge.in_flight_max`; 0 keeps that.

  deadline @1 :UInt32 $Config.unit(milliseconds) $Config.range((max = 86400000)) $Config.example("5min");
  # In place of `host.edge.deadline`; 0 keeps that.
}

struct Use {
  requirement @0 :Text $Config.required $Config.nonEmpty;
  # Name of the requirement, as the plugin's manifest has it.

  instances @1 :List(Text) $Config.required $Config.oneOrMany;
  # The instances that provide it.
}

struct Listen {
  name @0 :Text $Config.required $Config.nonEmpty;
  # Name of the listener, as the plugin's manifest has it.

  address @1 :Text $Config.required;
  # `ADDRESS:PORT`, `[IPV6]:PORT`, `*:PORT`, or `unix:PATH` relative to the instance's state folder.
}
