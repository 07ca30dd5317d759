@0xd2c1f6a0b7e34411;
# The smallest plugin, for the SDK's own tests.
using Manifest = import "/maitred/schema/manifest.capnp";
using Config = import "/maitred/schema/config.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::test");

interface Greeter @0xd2c1f6a0b7e34412 { greet @0 (name :Text) -> (text :Text); }

struct GreeterConfig {
  greeting @0 :Text = "hello" $Config.nonEmpty;
  # What is said before the name.
}

const manifest :Manifest.Manifest = (
  name = "test-greeter", version = "1.0.0", license = "Apache-2.0", description = "Greets.",
  provides = [(name = "maitred.test.Greeter", typeId = 0xd2c1f6a0b7e34412)],
  commands = [(name = "hello", description = "prints hello")]);
