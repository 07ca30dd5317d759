#pragma once
// How to write a plugin: derive from PluginOf<YourConfig>, then MAITRED_PLUGIN(YourClass) in one
// .cpp.
//
//   class Greeter final : public maitred::PluginOf<GreeterConfig> {
//    public:
//     explicit Greeter(maitred::Context& context) : context(context) {}
//     static void check(GreeterConfig::Reader config, maitred::Problems& problems);
//     kj::Promise<void> start(GreeterConfig::Reader config, maitred::Grants& grants) override;
//    private:
//     maitred::Context& context;
//   };
//   MAITRED_PLUGIN(Greeter)
//
// The same object runs in a process of its own or inline in the host; it cannot tell. One object is
// one instance, all calls come on one event loop. Its life: check (another object-less call, in a
// throw-away worker), construction, start, activate, any number of reconfigure, drain, destruction.

#include <maitred/abi.h>
#include <maitred/context.h>
#include <maitred/fingerprint.h>

#include <memory>

namespace maitred {

// Faults of a config, each at a place: the way through the YAML, e.g. {"nodes", "2", "resources",
// "mem"}.
class Problems {
 public:
  void error(std::vector<std::string> path, std::string message, std::string hint = "");
  void warning(std::vector<std::string> path, std::string message, std::string hint = "");
  bool hasErrors() const;

  struct Item {
    std::vector<std::string> path;
    plugin::Severity severity;
    std::string message;
    std::string hint;
  };
  const std::vector<Item>& items() const { return list; }
  void writeTo(capnp::List<plugin::Problem>::Builder out) const;

 private:
  std::vector<Item> list;
};

// The answer to a new config.
class Reconfigured {
 public:
  static Reconfigured applied() { return Reconfigured(Kind::applied, "", {}); }
  static Reconfigured needsRestart(std::string why) {
    return Reconfigured(Kind::needsRestart, std::move(why), {});
  }
  static Reconfigured rejected(Problems problems) {  // the former config stays in force
    return Reconfigured(Kind::rejected, "", std::move(problems));
  }

  enum class Kind { applied, needsRestart, rejected };
  Kind kind;
  std::string why;
  Problems problems;

 private:
  Reconfigured(Kind kind, std::string why, Problems problems)
      : kind(kind), why(std::move(why)), problems(std::move(problems)) {}
};

struct Health {
  bool ready = true;  // false: degraded, shown by /readyz; nothing is killed for it
  kj::String message;
};

// `maitred <alias> argv[0] …`
struct CommandLine {
  int argc;
  char** argv;
};

// The untyped base; derive from PluginOf instead.
class Plugin {
 public:
  virtual ~Plugin() noexcept(false) {}

  virtual kj::Promise<void> startUntyped(capnp::AnyPointer::Reader config, Grants& grants) = 0;
  virtual kj::Promise<Reconfigured> reconfigureUntyped(capnp::AnyPointer::Reader config) = 0;

  virtual kj::Promise<void> activate(uint64_t /*fence*/) { return kj::READY_NOW; }
  // From here on it acts: attaches to backends, schedules, scales.

  virtual kj::Promise<void> drain(kj::Duration /*deadline*/) { return kj::READY_NOW; }
  // Refuse new work, finish or hand over the rest; resolve early when done. The host ends it
  // afterwards.

  virtual Health health() { return {}; }
  // Each second; must be cheap.

  virtual void collect() {}
  // Just before the metrics are read: set gauges that are not kept up to date otherwise.

  virtual kj::Promise<void> refresh() { return kj::READY_NOW; }
  // After each reload of the host, also one that left this config as it was: a chance to read
  // again the files that it names (certificates).

  virtual kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input);
  // `maitred ctl ask INSTANCE NAME [INPUT]`. Throws UNIMPLEMENTED for an unknown name.
};

// Config is the Cap'n Proto struct named by maitred_add_plugin(). A Reader handed to start() or
// reconfigure() stays valid until the next reconfigure() has been applied.
template <typename Config>
class PluginOf : public Plugin {
 public:
  using ConfigType = Config;

  static void check(typename Config::Reader, Problems&) {}
  // Hide it with your own. No side effects: no sockets, no files written.

  virtual kj::Promise<void> start(typename Config::Reader config, Grants& grants) = 0;
  virtual kj::Promise<Reconfigured> reconfigure(typename Config::Reader) {
    return Reconfigured::needsRestart("this plugin takes a new config only at its start");
  }

  kj::Promise<void> startUntyped(capnp::AnyPointer::Reader config, Grants& grants) final {
    return start(config.getAs<Config>(), grants);
  }
  kj::Promise<Reconfigured> reconfigureUntyped(capnp::AnyPointer::Reader config) final {
    return reconfigure(config.getAs<Config>());
  }
};

// What MAITRED_PLUGIN() passes to the static SDK code.
struct PluginClass {
  kj::Own<Plugin> (*create)(Context&);
  void (*check)(capnp::AnyPointer::Reader config, Problems&);
};

// Makes the capability through which a host drives one instance. Tests use it directly.
plugin::Plugin::Client servePlugin(const PluginClass& type, Surroundings surroundings);

namespace detail {
int serveEntry(const PluginClass& type, const maitred_serve_args* args);
int openEntry(const PluginClass& type, const maitred_open_args* args);

template <typename T>
struct ClassOf {
  static kj::Own<Plugin> create(Context& context) { return kj::heap<T>(context); }
  static void check(capnp::AnyPointer::Reader config, Problems& problems) {
    T::check(config.getAs<typename T::ConfigType>(), problems);
  }
  static constexpr PluginClass type = {&create, &check};
  static int serve(const maitred_serve_args* args) { return serveEntry(type, args); }
  static int open(const maitred_open_args* args) { return openEntry(type, args); }
  static int command(int argc, char** argv) { return T::commandLine(CommandLine{argc, argv}); }
};
// The type id of the config struct.
template <typename Config>
constexpr uint64_t configTypeOf() {
  if constexpr (capnp::kind<Config>() == capnp::Kind::STRUCT) {
    return capnp::typeId<Config>();
  } else {
    return 0;
  }
}
template <typename T>
concept HasCommandLine = requires(CommandLine line) {
  T::commandLine(line);
};
template <typename T>
constexpr auto commandOf() -> int (*)(int, char**) {
  if constexpr (HasCommandLine<T>) {
    return &ClassOf<T>::command;
  } else {
    return nullptr;
  }
}
}  // namespace detail
}  // namespace maitred

// Exports the one symbol of a plugin and writes the fingerprint note. Use it once, at namespace
// scope. A class with `static int commandLine(maitred::CommandLine)` also brings the manifest's
// commands.
#define MAITRED_PLUGIN(Class)                                                                     \
  MAITRED_FINGERPRINT_NOTE;                                                                       \
  extern "C" __attribute__((visibility("default"), used))                                         \
  const maitred_plugin_entry maitred_plugin = {                                                   \
      sizeof(maitred_plugin_entry), MAITRED_ABI_VERSION, &maitred::detail::ClassOf<Class>::serve, \
      &maitred::detail::ClassOf<Class>::open, maitred::detail::commandOf<Class>(),                \
      maitred::detail::configTypeOf<Class::ConfigType>()};
