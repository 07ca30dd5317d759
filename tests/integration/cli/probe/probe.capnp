@0xd1f04c5ae2b97c31;
# The plugin with which the command line is tested.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("probe");
using Config = import "/maitred/schema/config.capnp";
using Manifest = import "/maitred/schema/manifest.capnp";

struct ProbeConfig {
  # Settings of the probe.

  depth @0 :UInt32 = 3 $Config.range((min = 1, max = 10)) $Config.example("5");
  # How deep it probes. Seven is refused by the probe itself.

  note @1 :Text $Config.example("hello");
  # Anything at all.
}

const manifest :Manifest.Manifest = (
  name = "maitred-probe",
  version = "1.2.3",
  license = "Apache-2.0",
  description = "Answers questions of tests.",
  commands = [
    (name = "echo", description = "Print the words, end with their number."),
    (name = "explode", description = "End by a signal."),
  ]);
