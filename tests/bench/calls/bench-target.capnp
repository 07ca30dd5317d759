@0xc60d2a91b3f84701;
# A plugin that answers at once, and can call another of its kind: what a call costs, without any work in it.
using Manifest = import "/maitred/schema/manifest.capnp";
using Backend = import "/maitred/schema/backend.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::bench");

interface Target @0xc60d2a91b3f84702 {
  ping @0 () -> ();
  take @1 (batch :Backend.Batch) -> (durable :UInt64);
  # Touches every status, as a consumer would.
  drive @2 (calls :UInt32, inFlight :UInt32, statuses :UInt32) -> (nanoseconds :UInt64);
  # Calls the granted `next`: that many pings, or batches of so many statuses.
  hang @3 (data :Data) -> ();
  # Never answers.
}

const manifest :Manifest.Manifest = (
  name = "bench-target", version = "0.1.0", license = "Apache-2.0", description = "For benchmarks.",
  provides = [(name = "maitred.bench.Target", typeId = 0xc60d2a91b3f84702)],
  requires = [(name = "next", multiplicity = optional,
               interface = (name = "maitred.bench.Target", typeId = 0xc60d2a91b3f84702))],
  listeners = [(name = "greet", description = "says a word to whoever connects")]);
