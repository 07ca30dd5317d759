@0xc4d1e6f0b7e35511;
# A contract of the host's own tests, and the config of the plugin that serves it.
using Manifest = import "/maitred/schema/manifest.capnp";
using Config = import "/maitred/schema/config.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::trial");

interface Echo @0xc4d1e6f0b7e35512 {
  say @0 (text :Text) -> (text :Text);
  open @1 () -> (session :Session);
  never @2 ();
  watch @3 (observer :Echo);   # kept until the end of the plugin
}
interface Session @0xc4d1e6f0b7e35513 { next @0 () -> (number :UInt32); }

struct TrialConfig {
  greeting @0 :Text = "hello";
  startDelay @1 :UInt32 $Config.unit(milliseconds);
  drainDelay @2 :UInt32 $Config.unit(milliseconds);
  refuse @3 :Bool;                # check() reports an error
  crashAtCheck @4 :Bool;
  crashAtStart @5 :Bool;
  restartFor @6 :Text;            # reconfigure() needs a restart when this text changes
}

const manifest :Manifest.Manifest = (
  name = "test-trial", version = "1.2.3", license = "Apache-2.0", description = "Behaves badly on command.",
  provides = [(name = "maitred.trial.Echo", typeId = 0xc4d1e6f0b7e35512)],
  needs = [state],
  listeners = [(name = "greet", description = "says the greeting to whoever connects")]);
