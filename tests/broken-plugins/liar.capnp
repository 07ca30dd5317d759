@0xc8d1f7a6b3e04d25;
# What broken plugins say of themselves that is not true.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("liar");
using Manifest = import "/maitred/schema/manifest.capnp";

struct LiarConfig {
  word @0 :Text;
  # Nothing that its code knows.
}

const manifest :Manifest.Manifest = (
  name = "liar",
  version = "1.0.0",
  license = "Apache-2.0",
  description = "Promises a backend.",
  provides = [.Manifest.backend]);
