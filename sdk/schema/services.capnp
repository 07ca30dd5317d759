@0xb1a6d2c0f47e5504;
# Services: an HTTP router's services, their versions and their scale. A draft: the router implements it.
#
# A *token* names a versioned template; a *service description* is a flat map whose hash is the service id;
# an *instance* is one running task of a service; each description that was ever current stays addressable.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::services");
using Backend = import "backend.capnp";

interface Services @0xb1a6d2c0f47e5604 {
  putToken @0 (token :Token, expectedHash :Text) -> (hash :Text);
  # Optimistic: a different hash is refused with the present one in the text. Empty = create or overwrite.
  getToken @1 (name :Text) -> (token :Token, hash :Text, found :Bool);
  removeToken @2 (name :Text, expectedHash :Text, hard :Bool) -> ();
  listTokens @3 (afterName :Text, limit :UInt32) -> (tokens :List(Token));
  resolve @4 (tokens :List(Text), overrides :List(Backend.Variable)) -> (serviceId :Text, description :Description);
  # Which version a request with these tokens and headers means; creates nothing.
  services @5 (afterId :Text, limit :UInt32) -> (services :List(Service));
  instances @6 (serviceId :Text) -> (instances :List(Instance));
  scale @7 (serviceId :Text, instances :UInt32, untilMs :UInt32) -> ();
  # Holds the target for that long against the autoscaler; 0 gives it back.
  suspend @8 (serviceId :Text, suspended :Bool, by :Text) -> ();
  kill @9 (instanceId :Text, force :Bool) -> ();
  watch @10 (serviceIds :List(Text), watcher :Watcher) -> (subscription :Subscription);
}
interface Watcher { apply @0 (services :List(Service), instances :List(Instance)) -> (); }
interface Subscription {}

struct Token {
  name @0 :Text;
  description @1 :Description;
  owner @2 :Text;
  root @3 :Text;
  lastUpdateAt @4 :Int64;       # unix ms
  lastUpdateBy @5 :Text;
  deleted @6 :Bool;
  metadata @7 :List(Backend.Variable);
}
struct Description {
  command @0 :Text;
  cpus @1 :Float64;
  memMib @2 :Float64;
  runAsUser @3 :Text;           # empty or "*": the caller
  version @4 :Text;
  environment @5 :List(Backend.Variable);
  ports @6 :UInt16 = 1;
  concurrencyLevel @7 :UInt32 = 1;   # slots of one instance
  minInstances @8 :UInt32 = 1;
  maxInstances @9 :UInt32 = 500;
  idleTimeoutMs @10 :UInt64;
  healthCheckUrl @11 :Text;
  others @12 :List(Backend.Variable);   # every further parameter, value as JSON: hashed alike
}
struct Service {
  id @0 :Text;
  description @1 :Description;
  state @2 :ServiceState;
  target @3 :UInt32;
  healthy @4 :UInt32;
  outstanding @5 :UInt64;       # accepted requests not yet finished
  lastRequestAt @6 :Int64;      # unix ms
  usedBy @7 :List(Text);        # tokens for which it is current
}
enum ServiceState { unspecified @0; starting @1; running @2; scaling @3; failing @4; inactive @5; suspended @6; }
struct Instance {
  id @0 :Text;
  serviceId @1 :Text;
  taskId @2 :Text;
  endpoints @3 :List(Backend.Endpoint);
  health @4 :Backend.Health;
  startedAt @5 :Int64;          # unix ms
  flags @6 :List(Text);
  exit :union { none @7 :Void; code @8 :Int32; signal @9 :UInt8; }
  message @10 :Text;
}
