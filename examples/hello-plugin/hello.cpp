// A whole plugin: config, a listener, an HTTP route, a metric, a log line and a change of config
// while it runs.
#include <maitred/http.h>
#include <maitred/plugin.h>

#include <hello.capnp.h>

namespace hello {

class Hello final : public maitred::PluginOf<HelloConfig> {
 public:
  explicit Hello(maitred::Context& context)
      : context(context),
        greetings(context.metrics().counter("hello_greetings_total", "Greetings given.")) {}

  kj::Promise<void> start(HelloConfig::Reader config, maitred::Grants&) override {
    greeting = kj::heapString(config.getGreeting());
    maitred::http::Router router;
    router.on("GET", "/hello/:name", [this](maitred::http::Request& request) {
      greetings.add();
      std::string text = greeting.cStr() + (" " + std::string(request.param("name"))) + "\n";
      return maitred::http::Response::text(200, text);
    });
    server =
        kj::heap<maitred::http::Server>(context.timer(), context.clock(), maitred::http::Limits(),
                                        kj::mv(router), maitred::http::oneUser("guest"));
    server->listen(context.listener("web"));
    return kj::READY_NOW;
  }

  kj::Promise<void> drain(kj::Duration deadline) override { return server->drain(deadline); }

  kj::Promise<maitred::Reconfigured> reconfigure(HelloConfig::Reader config) override {
    greeting = kj::heapString(config.getGreeting());
    context.log().info("greeting with ", greeting, " from now on");
    return maitred::Reconfigured::applied();
  }

 private:
  maitred::Context& context;
  maitred::metrics::Counter& greetings;
  kj::String greeting;
  kj::Own<maitred::http::Server> server;
};

}  // namespace hello

MAITRED_PLUGIN(hello::Hello)
