@0xd4b8b4f1c2a97e61;
# What all broken plugins say of themselves, so that each is nothing but its fault.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("broken");
using Config = import "/maitred/schema/config.capnp";
using Manifest = import "/maitred/schema/manifest.capnp";

struct BrokenConfig {
  size @0 :UInt32 = 3 $Config.range((min = 1, max = 10));
  # Of nothing in particular.
}

const manifest :Manifest.Manifest = (
  name = "broken",
  version = "1.0.0",
  license = "Apache-2.0",
  description = "Has a fault that the conformance suite must find.",
  requires = [(name = "backends", interface = .Manifest.backend, multiplicity = any)],
  listeners = [(name = "web", description = "where it listens, if it does")]);
