#pragma once
// For plugin authors' tests: a host in memory that takes one plugin through its life, inline or in
// a process of its own, from the finished .so. Everything else of a real host (config files,
// restarts, membranes) is left out; `maitred run` has that.
//
//   maitred::testing::PluginUnderTest plugin(io, {.library = "build/my-plugin.so"});
//   plugin.config<MyConfig>().setGreeting("hello");
//   plugin.start();
//   auto greeter = plugin.provided<Greeter>();

#include <maitred/abi.h>
#include <maitred/schema/plugin.capnp.h>

#include <capnp/message.h>
#include <kj/async-io.h>
#include <kj/io.h>

#include <map>
#include <string>
#include <vector>

namespace maitred::testing {

enum class Isolation { inlined, process };
const char* name(Isolation isolation);  // "inline", "process": as in the config

// plugin::Host with state in memory and a leadership that always leads with fence 0.
plugin::Host::Client memoryHost();

// Loads a plugin as the host does: now, locally, never unmapped. Throws FAILED with dlopen's text.
const maitred_plugin_entry& loadPlugin(const std::string& library);

class PluginUnderTest {
 public:
  struct Options {
    std::string library;
    Isolation isolation = Isolation::process;
    std::string instance = "test";
    std::string stateDirectory;  // empty: a fresh temporary folder, removed afterwards
    std::vector<std::string> policyPath;
    std::vector<std::pair<std::string, int>>
        listeners;  // listening sockets, borrowed; see listenOnLoopback()
  };

  PluginUnderTest(kj::AsyncIoContext& io, Options options);
  ~PluginUnderTest() noexcept(false);
  KJ_DISALLOW_COPY(PluginUnderTest);

  // The config to start with; call before start().
  template <typename Config>
  typename Config::Builder config() {
    return configMessage().template getRoot<Config>();
  }
  void grant(std::string requirement, std::string instance, uint64_t interfaceId,
             capnp::Capability::Client capability);

  void start(bool activate = true);  // waits; throws what the plugin threw
  template <typename Interface>
  typename Interface::Client provided() {
    return providedUntyped(capnp::typeId<Interface>()).template castAs<Interface>();
  }
  capnp::Capability::Client providedUntyped(uint64_t interfaceId);

  plugin::Plugin::Client& client();  // the plugin's own capability, for health(), drain(), …
  const std::string& stateDirectory() const;

  int processId() const;  // 0 when inline
  void kill();            // kill -9 of the process; inline: drops every capability of the plugin
  void stop();            // drain, then an orderly end

 private:
  struct Impl;
  kj::Own<Impl> impl;
  capnp::MallocMessageBuilder& configMessage();
};

// A listening TCP socket on a free port of 127.0.0.1.
struct Listening {
  kj::AutoCloseFd fd;
  uint16_t port;
};
Listening listenOnLoopback();

// A folder below $TMPDIR that is removed with all it holds.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  KJ_DISALLOW_COPY(TemporaryDirectory);
  const std::string& path() const { return folder; }

 private:
  std::string folder;
};

}  // namespace maitred::testing
