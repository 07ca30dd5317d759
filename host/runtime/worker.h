#pragma once
// workerMain: `maitred worker …`, the process in which one plugin runs. Not for people: the host
// starts it with the descriptors that its arguments name.

namespace maitred::host {

// `argv[0]` is the word `worker`:
//   worker --library PATH --instance NAME --state DIR --parent PID --rpc FD
//          [--policy-path A:B] [--log-level LEVEL] [--listen NAME=FD]…
// Loads the library and serves until the connection ends; dies with the process PID. Returns the
// exit code: the plugin's own, 70 for arguments or a library that cannot be used (the reason is on
// stderr).
int workerMain(int argc, char** argv);

}  // namespace maitred::host
