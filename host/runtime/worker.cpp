#include "host/runtime/worker.h"

#include "host/plugins/load.h"

#include <execinfo.h>
#include <kj/debug.h>
#include <kj/exception.h>
#include <maitred/abi.h>
#include <maitred/log.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

namespace maitred::host {
namespace {

constexpr int cannotServe = 70;  // EX_SOFTWARE of sysexits.h

struct Arguments {
  std::string library, instance, state, policyPath, logLevel = "info";
  long parent = 0;
  int rpc = -1;
  std::vector<std::pair<std::string, int>> listeners;
};

int numberOf(const std::string& text) {
  char* end = nullptr;
  long value = strtol(text.c_str(), &end, 10);
  KJ_REQUIRE(!text.empty() && *end == '\0' && value >= 0, "a number is expected", text);
  return static_cast<int>(value);
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; i += 2) {
    std::string_view key = argv[i];
    KJ_REQUIRE(i + 1 < argc, "the last argument has no value", argv[i]);
    std::string value = argv[i + 1];
    if (key == "--library")
      out.library = value;
    else if (key == "--instance")
      out.instance = value;
    else if (key == "--state")
      out.state = value;
    else if (key == "--policy-path")
      out.policyPath = value;
    else if (key == "--log-level")
      out.logLevel = value;
    else if (key == "--parent")
      out.parent = numberOf(value);
    else if (key == "--rpc")
      out.rpc = numberOf(value);
    else if (key == "--listen") {
      size_t equals = value.rfind('=');
      KJ_REQUIRE(equals != std::string::npos, "--listen takes NAME=FD", value);
      out.listeners.emplace_back(value.substr(0, equals), numberOf(value.substr(equals + 1)));
    } else
      KJ_FAIL_REQUIRE("unknown argument of `maitred worker`, which only the host starts", argv[i]);
  }
  KJ_REQUIRE(!out.library.empty() && out.rpc >= 0,
             "`maitred worker` is started by the host, not by hand; try `maitred run`");
  return out;
}

int serve(const Arguments& arguments) {
  // Set again, since exec may have cleared it; afterwards the parent may already be gone.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (arguments.parent != 0 && getppid() != arguments.parent) return cannotServe;
  const maitred_plugin_entry* entry = loadPlugin(arguments.library);
  KJ_REQUIRE(entry->abi_version == MAITRED_ABI_VERSION, "the library speaks another plugin ABI",
             arguments.library, entry->abi_version, MAITRED_ABI_VERSION);
  std::vector<maitred_listener> listeners;
  for (const auto& [name, fd] : arguments.listeners) listeners.push_back({name.c_str(), fd});
  maitred_instance instance{sizeof(maitred_instance),
                            arguments.instance.c_str(),
                            arguments.state.c_str(),
                            arguments.policyPath.c_str(),
                            arguments.logLevel.c_str(),
                            listeners.data(),
                            listeners.size()};
  maitred_serve_args args{sizeof(maitred_serve_args), &instance, arguments.rpc};
  return entry->serve(&args);
}

// The stack goes among the last lines. KJ's own handler would end the process with exit code 1, and
// the signal is what the status should name.
void onCrash(int number) {
  void* frames[64];
  static const char message[] = "the worker crashes; its stack:\n";
  [[maybe_unused]] auto written = write(2, message, sizeof message - 1);
  backtrace_symbols_fd(frames, backtrace(frames, 64), 2);
  raise(number);  // with the default action, once the handler has returned
}

void reportCrashes() {
  // The first backtrace() loads a library, which a crashing process cannot.
  void* frame;
  backtrace(&frame, 1);
  struct sigaction action = {};
  action.sa_handler = &onCrash;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction former;
    sigaction(number, nullptr, &former);
    // A sanitizer has its own handler and prints more.
    if (former.sa_handler == SIG_DFL) sigaction(number, &action, nullptr);
  }
}

}  // namespace

int workerMain(int argc, char** argv) {
  reportCrashes();
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a failed write, not the end
  int code = cannotServe;
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() { code = serve(parse(argc, argv)); })) {
    log::jsonLinesToStderr()(log::Level::error, kj::str("the worker cannot serve: ", *exception));
  }
  return code;
}

}  // namespace maitred::host
