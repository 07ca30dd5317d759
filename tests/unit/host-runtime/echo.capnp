@0xe1b1f4c8b2a5d301;
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::host::test");

interface Echo {
  say @0 (text :Text) -> (text :Text);
  open @1 () -> (session :Session);
  never @2 ();
}
interface Session {
  next @0 () -> (number :UInt32);
  never @1 ();
  callBack @2 (target :Echo) -> (text :Text);
  keep @3 (target :Echo);
  callKept @4 () -> (text :Text);
}
