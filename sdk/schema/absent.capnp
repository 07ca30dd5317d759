@0xb1a6d2c0f47e5513;
# Keys that a configuration does *not* have, though people who come from another program will write them.
#
# Whoever moves a site writes the keys they know. "Unknown key" leaves them in doubt whether the setting is
# lost; so the struct says in one sentence what is in its place, and the reader refuses the key with it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::config");

annotation absent @0xb1a6d2c0f47e5581 (struct) :List(AbsentKey);
# On a struct of a configuration: keys that it has not, and why.

struct AbsentKey {
  keys @0 :List(Text);  # as in YAML; one written with `-`, or with `?` at its end, is the same key
  why @1 :Text;         # what is in their place, or why nothing is: a part of a sentence, "write … instead"
}
