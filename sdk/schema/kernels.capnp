@0xb1a6d2c0f47e5505;
# Kernels: polyglot notebook kernels on a cluster. A draft: the kernel bridges implement it.
#
# A kernel outlives its clients: messages carry a sequence number per kernel, so that a client which lost its
# connection resumes where it stopped. Content and buffers stay raw bytes end to end.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::kernels");
using Backend = import "backend.capnp";

interface Kernels @0xb1a6d2c0f47e5605 {
  specs @0 () -> (specs :List(KernelSpec), default :Text);
  start @1 (request :StartRequest) -> (kernel :Kernel, info :KernelInfo);
  # Starting the same id again returns the same kernel.
  get @2 (id :Text) -> (kernel :Kernel, info :KernelInfo);
  list @3 (user :Text) -> (kernels :List(KernelInfo));
}

interface Kernel {
  info @0 () -> (info :KernelInfo);
  interrupt @1 () -> ();
  restart @2 () -> ();
  shutdown @3 (graceMs :UInt32) -> ();
  connect @4 (clientId :Text, afterSequence :UInt64, sink :Sink) -> (channel :Channel, oldestSequence :UInt64);
  # Replays what is still buffered after that number, for any client with permission.
}
interface Channel { send @0 (messages :List(Message)) -> (); }
interface Sink {
  apply @0 (messages :List(Message)) -> ();
  # Its return is the flow control. At most one call is open.
}

struct KernelSpec {
  name @0 :Text;
  displayName @1 :Text;
  language @2 :Text;
  interruptMode @3 :InterruptMode;
  argv @4 :List(Text);
  environment @5 :List(Backend.Variable);
}
enum InterruptMode { unspecified @0; signal @1; message @2; }

struct StartRequest {
  id @0 :Text;                  # UUID chosen by the client
  specName @1 :Text;
  user @2 :Text;
  environment @3 :List(Backend.Variable);
  resources @4 :Backend.Resources;
  workingDirectory @5 :Text;
}
struct KernelInfo {
  id @0 :Text;
  specName @1 :Text;
  user @2 :Text;
  state @3 :KernelState;
  connections @4 :UInt32;
  lastActivityAt @5 :Int64;     # unix ms
  message @6 :Text;
  sequence @7 :UInt64;          # of its latest message
}
enum KernelState {
  unspecified @0; queued @1; starting @2; idle @3; busy @4; restarting @5; terminating @6; dead @7; unreachable @8;
}

struct Message {
  channel @0 :ChannelKind;
  identities @1 :List(Data);
  header @2 :Data;              # raw JSON, as signed
  parentHeader @3 :Data;
  metadata @4 :Data;
  content @5 :Data;
  buffers @6 :List(Data);
  sequence @7 :UInt64;
  messageType @8 :Text;         # from the header, parsed once
  messageId @9 :Text;
}
enum ChannelKind { unspecified @0; shell @1; control @2; iopub @3; stdin @4; }
