@0xb1a6d2c0f47e5510;
# Annotations that turn a Cap'n Proto struct into the *type* of a YAML configuration.
#
# The story. An operator writes YAML; its type is a struct: the host's own (host/schema/host.capnp) and
# one per plugin. One generic reader of the host walks both and reports every fault with file, line and
# column; the same annotations feed `maitred config-docs` and the JSON Schema for editors.
#
# Spelling: a field `killGrace` is the key `kill_grace`; an enum value `readOnly` is `read_only`.
# The comment below a field is its documentation; keep it to full sentences.
#
# How YAML maps:
#  - numbers, booleans, text, lists and structs as one expects; `Data` takes base64;
#  - an enum takes its value's name; `unspecified` and `unknown` values cannot be written;
#  - a struct with a union takes a mapping with exactly one member, or, where the member is Void, its bare
#    name (`run_as: host`), or `member value` in one scalar (`run_as: fixed alice`);
#  - List(struct) with `$mapKey("name")` takes a mapping as well: each key fills that field.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::config");

annotation unit(field) :Unit;
# The unit in which the number is stored. The YAML may then carry a suffix: `16GiB`, `250ms`, `1.5`.
# A bare number counts in the stored unit.
enum Unit {
  unspecified @0;
  bytes @1;      # B, kB, MB, GB, TB, KiB, MiB, GiB, TiB
  nanoseconds @2; # ns, us, ms, s, min, h, d — the same suffixes for the four below
  microseconds @3;
  milliseconds @4;
  seconds @5;
  cpuMillis @6;  # thousandths of a cpu; a bare number counts whole cpus: `0.5` is 500, `250m` is 250
}

annotation range(field) :Range;
# Allowed values, both ends included, in the stored unit.
struct Range { min @0 :Float64 = -1.7976931348623157e308; max @1 :Float64 = 1.7976931348623157e308; }

annotation required(field) :Void;
# The key must be present. Without this a missing key takes the field's default.

annotation nonEmpty(field) :Void;
# Text, list or data must not be empty.

annotation pattern(field) :Text;
# An ECMAScript regular expression which the whole text must match.

annotation path(field) :PathBase;
# The text is a path; the host makes it absolute against the given base before the plugin sees it.
enum PathBase {
  unspecified @0;
  config @1;     # the folder of the file in which the value stands
  state @2;      # the instance's state folder, `host.state`/<instance name>
  policy @3;     # a Lua policy: searched in `host.policy_path`, then the folder of the config file
}

annotation storeUrl(field) :Void;
# `sqlite:NAME` or `sqlite:/absolute/path`; a relative name lies in the instance's state folder.

annotation secret(field) :Void;
# Masked in every print-out, log, error and support archive; never in argv or an environment.
# Normally written as `file:/run/secrets/x` or `${NAME}`.

annotation secretPath(field) :Void;
# The *path* of a secret's file is passed on, not its content: for credentials that rotate.

annotation mapKey(field) :Text;
# On a List(struct): also accept a mapping; its keys fill the named field of each element.

annotation mapValue(field) :Text;
# Beside $mapKey: a mapping's value that is no mapping itself fills the named field of the element. Where an
# element has only one field besides its key, that is so without the annotation.

annotation oneOrMany(field) :Void;
# On a List of scalars: a lone scalar stands for a list of one.

annotation example(field) :Text;
# A value, as it stands in YAML, for documentation and for `maitred init`.

annotation deprecated(field) :Text;
# A warning is given with this text, which names what to write instead.
