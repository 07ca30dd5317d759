@0xc4d1e6f0b7e35521;
# A consumer of the trial contract, which provides it too.
using Manifest = import "/maitred/schema/manifest.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::trial");

struct RelayConfig { unused @0 :Bool; }

const manifest :Manifest.Manifest = (
  name = "test-relay", version = "1.0.0", license = "Apache-2.0", description = "Passes on.",
  provides = [(name = "maitred.trial.Echo", typeId = 0xc4d1e6f0b7e35512)],
  requires = [(name = "echo", multiplicity = any,
               interface = (name = "maitred.trial.Echo", typeId = 0xc4d1e6f0b7e35512))]);
