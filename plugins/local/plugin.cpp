// The plugin class: from config and context to a running backend.
#include "config.h"
#include "files/files-endpoint.h"
#include "runner.h"

#include <maitred/async.h>
#include <maitred/http/config.h>
#include <maitred/http/server.h>
#include <maitred/http/tls-report.h>

#include <capnp/any.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace maitred::local {

namespace {

// Of a bound socket; 0 if it has none.
uint16_t portOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
  return 0;
}

}  // namespace

class LocalPlugin final : public PluginOf<LocalConfig> {
 public:
  explicit LocalPlugin(Context& context) : context(context) {}

  static void check(LocalConfig::Reader config, Problems& problems) {
    checkConfig(config, problems, geteuid());
  }

  kj::Promise<void> start(LocalConfig::Reader config, Grants&) override {
    auto settings = settingsOf(config);
    rule->workFolder = settings.workFolder;
    rule->readMax = settings.readMax;
    if (context.listenerFd("files") != nullptr) serveFiles(config);
    current = config;
    runner = kj::heap<LocalRunner>(std::move(settings), context);
    return runner->start().then([this]() { context.provide<backend::Backend>(runner->client()); });
  }

  kj::Promise<Reconfigured> reconfigure(LocalConfig::Reader config) override {
    if (capnp::AnyStruct::Reader(config.getHttp()) != capnp::AnyStruct::Reader(current.getHttp())) {
      return Reconfigured::needsRestart("`http` has changed");
    }
    auto settings = settingsOf(config);
    auto readMax = settings.readMax;
    auto why = runner->reconfigure(std::move(settings));
    if (!why.empty()) return Reconfigured::needsRestart(why);
    rule->readMax = readMax;
    current = config;
    return Reconfigured::applied();
  }

  kj::Promise<void> drain(kj::Duration deadline) override {
    runner->drain();
    // Tasks go on: the next life finds them.
    if (files.get() == nullptr) return kj::READY_NOW;
    return files->drain(deadline);
  }

  Health health() override {
    if (runner.get() == nullptr) return {};
    if (!runner->trouble().empty()) return {false, kj::str(runner->trouble().c_str())};
    if (files.get() == nullptr) return {};
    auto tls = http::tlsHealth(*files);
    return {tls.ready, kj::str(tls.message.c_str())};
  }

  void collect() override {
    runner->collectMetrics();
    if (files.get() != nullptr) http::reportTls(*files, context.metrics(), "maitred_local");
  }

  // `routes`: what the listener `files` serves.
  kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input) override {
    if (name != "routes") return PluginOf<LocalConfig>::command(name, input);
    return files.get() == nullptr ? kj::str("[]") : kj::str(files->routes().c_str());
  }

  kj::Promise<void> refresh() override {
    if (files.get() == nullptr) return kj::READY_NOW;
    return files->refreshTls();
  }

 private:
  Settings settingsOf(LocalConfig::Reader config) {
    auto settings = settingsFrom(config, context.stateDirectory().cStr());
    settings.instance = context.instance().cStr();
    KJ_IF_MAYBE (fd, context.listenerFd("files")) {
      if (settings.urlPort == 0) settings.urlPort = portOf(*fd);
    }
    return settings;
  }

  void serveFiles(LocalConfig::Reader config) {
    bool authenticate = !config.getHttp().getAuth().isUnspecified();
    rule->authenticate = authenticate;
    http::Router router;
    addFilesRoutes(router, rule);
    http::ServerHooks hooks;
    hooks.access = [this](const http::Access& access) {
      context.log().debug(http::formatAccess(access).c_str());
    };
    hooks.problem = [this](kj::StringPtr text) { context.log().error(text); };
    auto warn = [this](kj::StringPtr text) { context.log().warning(text); };
    http::Outside outside{context.timer(), context.clock(), context.io().getNetwork(), warn};
    auto authenticator = authenticate
                             ? http::authenticatorFrom(config.getHttp().getAuth(), outside)
                             : http::oneUser("anybody");
    files = kj::heap<http::Server>(context.timer(), context.clock(),
                                   http::limitsFrom(config.getHttp().getLimits()), kj::mv(router),
                                   kj::mv(authenticator), kj::mv(hooks));
    tls::Acceptor::Hooks tlsHooks;
    tlsHooks.info = [this](kj::StringPtr text) { context.log().info(text); };
    tlsHooks.warning = kj::cp(warn);  // a named function would be kept by reference
    files->setTls(http::acceptorFrom(config.getHttp().getTls(), context.timer(), context.clock(),
                                     kj::mv(tlsHooks)));
    files->listen(context.listener("files"));
  }

  Context& context;
  LocalConfig::Reader current;  // in force
  std::shared_ptr<FilesRule> rule = std::make_shared<FilesRule>();
  kj::Own<LocalRunner> runner;
  kj::Own<http::Server> files;
};

}  // namespace maitred::local

MAITRED_PLUGIN(maitred::local::LocalPlugin)
