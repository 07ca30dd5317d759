@0xa7d0e3c15b9f4401;
# What the plugin is and what its config looks like. `maitred check`, `maitred plugins inspect` and
# `maitred config-docs` read all of this from the finished .so, without running it.

using Manifest = import "/maitred/schema/manifest.capnp";
using Config = import "/maitred/schema/config.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("hello");

struct HelloConfig {
  greeting @0 :Text = "hello" $Config.nonEmpty;
  # What is said before the caller's name. Changeable while it runs.
}

const manifest :Manifest.Manifest = (
  name = "hello", version = "1.0.0", license = "Apache-2.0",
  description = "Answers GET /hello/NAME, and shows what a plugin outside maitred's tree looks like.",
  listeners = [(name = "web", default = "127.0.0.1:8099", description = "where it answers", required = true)]);
