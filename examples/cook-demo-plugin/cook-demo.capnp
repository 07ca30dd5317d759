@0xf3b0c95d7e1a4c62;
# What the plugin is, and what its configuration looks like. `maitred check`, `maitred plugins
# inspect` and `maitred config-docs` read all of this from the finished .so, without running it.

using Manifest = import "/maitred/schema/manifest.capnp";
using Config = import "/maitred/schema/config.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("cook_demo");

struct DemoConfig {
  refuse @0 :List(Refusal) $Config.mapKey("prefix");
  # Jobs that are not accepted, by how their names begin. All that fit have their say.
  defer @1 :List(Deferral) $Config.mapKey("prefix");
  # Jobs that do not start at once, likewise. The first that fits decides.
}

struct Refusal {
  prefix @0 :Text $Config.nonEmpty $Config.example("plugin_test.submit_fail");
  # How the job's name begins.
  message @1 :Text $Config.required $Config.example("Message1- Fail to submit");
  # What the user is told.
}

struct Deferral {
  prefix @0 :Text $Config.nonEmpty $Config.example("plugin_test.launch_defer");
  # How the job's name begins.
  message @1 :Text $Config.required $Config.example("Message3");
  # What a user is told who asks why the job waits.
  times @2 :UInt32 = 3 $Config.range((min = 0, max = 1000000));
  # So often it is deferred before it may start.
  hold @3 :UInt32 = 1000 $Config.unit(milliseconds) $Config.range((min = 1, max = 86400000));
  # How long each deferral lasts. The queue asks once a second at most.
}

const manifest :Manifest.Manifest = (
  name = "cook-demo", version = "0.1.0", license = "Apache-2.0",
  description = "Refuses and defers jobs of a queue by their names, as Cook's demonstration plugins do.",
  provides = [Manifest.submissionValidator, Manifest.launchFilter]);
