#include <maitred/plugin.h>

#include <greeter.capnp.h>

#include <cstdio>

namespace maitred::test {
namespace {

class GreeterServer final : public Greeter::Server {
 public:
  explicit GreeterServer(const kj::String& greeting) : greeting(greeting) {}
  kj::Promise<void> greet(GreetContext context) override {
    context.getResults().setText(kj::str(greeting, " ", context.getParams().getName()));
    return kj::READY_NOW;
  }

 private:
  const kj::String& greeting;
};

class GreeterPlugin final : public PluginOf<GreeterConfig> {
 public:
  explicit GreeterPlugin(Context& context) : context(context) {}

  static void check(GreeterConfig::Reader config, Problems& problems) {
    if (config.getGreeting() == "boo") problems.error({"greeting"}, "too rude", "say hello");
  }

  static int commandLine(CommandLine line) {
    std::printf("hello from %s\n", line.argv[0]);
    return line.argc;
  }

  kj::Promise<void> start(GreeterConfig::Reader config, Grants&) override {
    greeting = kj::heapString(config.getGreeting());
    context.provide<Greeter>(kj::heap<GreeterServer>(greeting));
    context.log().info("greeting with ", greeting);
    return kj::READY_NOW;
  }

  kj::Promise<Reconfigured> reconfigure(GreeterConfig::Reader config) override {
    if (config.getGreeting().size() == 0) {
      Problems problems;
      problems.error({"greeting"}, "must not be empty");
      return Reconfigured::rejected(problems);
    }
    greeting = kj::heapString(config.getGreeting());
    return Reconfigured::applied();
  }

  Health health() override { return {greeting != "bye", kj::str("greeting with ", greeting)}; }

  kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input) override {
    if (name == "shout") return kj::str(input, "!");
    return Plugin::command(name, input);
  }

 private:
  Context& context;
  kj::String greeting;
};

}  // namespace
}  // namespace maitred::test

MAITRED_PLUGIN(maitred::test::GreeterPlugin)
