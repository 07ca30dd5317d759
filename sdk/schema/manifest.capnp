@0xb1a6d2c0f47e5511;
# Manifest: what a plugin *is*, readable without running one instruction of it.
#
# A plugin's schema file declares one constant `manifest :Manifest`; `maitred_add_plugin()` turns it, together
# with the schema of the plugin's config struct, into an `Embedded` message and puts that into the ELF note
# (name "maitred", type 1) of the shared object. A second note (type 2) holds the KJ fingerprint.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::manifest");
using Schema = import "/capnp/schema.capnp";

struct Manifest {
  name @0 :Text;          # [a-z][a-z0-9-]{0,62}; the library is lib-less: `<name>.so`
  version @1 :Text;       # the plugin's own version, semantic versioning
  license @2 :Text;       # SPDX expression
  description @3 :Text;   # one sentence
  vendor @4 :Text;
  provides @5 :List(Interface);
  requires @6 :List(Requirement);
  commands @7 :List(Command);
  listeners @8 :List(Listener);
  needs @9 :List(HostCapability);   # what it asks of the host beyond config and grants
}

struct Interface {
  name @0 :Text;          # e.g. "maitred.backend.Backend"
  typeId @1 :UInt64;      # the interface's Cap'n Proto type id
}
const plugin :Interface = (name = "maitred.plugin.Plugin", typeId = 0xb1a6d2c0f47e5602);
const backend :Interface = (name = "maitred.backend.Backend", typeId = 0xb1a6d2c0f47e5601);
const queue :Interface = (name = "maitred.queue.Queue", typeId = 0xb1a6d2c0f47e5603);
const services :Interface = (name = "maitred.services.Services", typeId = 0xb1a6d2c0f47e5604);
const kernels :Interface = (name = "maitred.kernels.Kernels", typeId = 0xb1a6d2c0f47e5605);
const admin :Interface = (name = "maitred.admin.Admin", typeId = 0xb1a6d2c0f47e5606);
const leadership :Interface = (name = "maitred.leadership.Leadership", typeId = 0xb1a6d2c0f47e5607);
const submissionValidator :Interface = (name = "maitred.queue.SubmissionValidator", typeId = 0xb1a6d2c0f47e5610);
const submissionModifier :Interface = (name = "maitred.queue.SubmissionModifier", typeId = 0xb1a6d2c0f47e5611);
const jobRouter :Interface = (name = "maitred.queue.JobRouter", typeId = 0xb1a6d2c0f47e5612);
const jobAdjuster :Interface = (name = "maitred.queue.JobAdjuster", typeId = 0xb1a6d2c0f47e5613);
const poolMover :Interface = (name = "maitred.queue.PoolMover", typeId = 0xb1a6d2c0f47e5614);
const jobShapes :Interface = (name = "maitred.queue.JobShapes", typeId = 0xb1a6d2c0f47e5615);
const launchFilter :Interface = (name = "maitred.queue.LaunchFilter", typeId = 0xb1a6d2c0f47e5616);
const completionHandler :Interface = (name = "maitred.queue.CompletionHandler", typeId = 0xb1a6d2c0f47e5617);
# The contracts of this SDK. A third party's own interface is written out in the same form.

struct Requirement {
  name @0 :Text;          # the key under `uses:` in the config
  interface @1 :Interface;
  multiplicity @2 :Multiplicity = one;
  description @3 :Text;
}
enum Multiplicity { one @0; optional @1; some @2; any @3; }   # 1, 0..1, 1..n, 0..n

struct Command { name @0 :Text; description @1 :Text; }
# `maitred <alias> <name> …`, where alias is the manifest's name without a leading "maitred-".

struct Listener { name @0 :Text; default @1 :Text; description @2 :Text; required @3 :Bool; }
# A socket that the host binds for it: the key under `listen:`. `default` may be empty.

enum HostCapability { unspecified @0; state @1; leadership @2; admin @3; }

struct Embedded {
  manifest @0 :Manifest;
  abiVersion @1 :UInt32;          # MAITRED_ABI_VERSION of <maitred/abi.h>
  pluginInterface @2 :UInt64;     # type id of maitred.plugin.Plugin that it speaks
  configType @3 :UInt64;          # id of the config struct; 0 = takes no config
  nodes @4 :List(Schema.Node);    # the config struct and all that it refers to, annotations included
  sources @5 :List(Schema.Node.SourceInfo);   # doc comments
}
