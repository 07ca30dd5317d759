@0xb1a6d2c0f47e5508;
# Leadership: which host may act. The default implementation leads always, with fence 0.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::leadership");

interface Leadership @0xb1a6d2c0f47e5607 {
  current @0 () -> (leading :Bool, fence :UInt64, leaderUrl :Text);
  # `fence` grows with each change of leader; every store transaction and every attach carries it.
  # `leaderUrl` is empty while no leader is known.
  whenChanged @1 (seenFence :UInt64, seenLeading :Bool) -> ();
  # Returns at once when (leading, fence) differs from what the caller has seen; otherwise when it changes.
}
