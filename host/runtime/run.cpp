#include "host/runtime/run.h"

#include "host/admin/admin-server.h"
#include "host/admin/status-server.h"
#include "host/admin/systemd.h"
#include "host/log/logs.h"
#include "host/base/failure.h"
#include "host/runtime/loop-delay.h"
#include "host/runtime/supervisor.h"

#include <maitred/http/config.h>

#include <errno.h>
#include <fcntl.h>
#include <kj/debug.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <random>

namespace maitred::host {
namespace {

constexpr int exitOk = 0, exitFailed = 1, exitConfig = 2;

// KJ keeps one signal for itself, SIGUSR1 if not told otherwise; that one is ours.
void captureSignals() {
  kj::UnixEventPort::setReservedSignal(SIGUSR2);
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) kj::UnixEventPort::captureSignal(number);
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a failed write, not the end
}

LogOptions logOptions(settings::Log::Reader log) {
  LogOptions options;
  options.level = static_cast<LogLevel>(log.getLevel());  // both in the same order
  options.format =
      log.getFormat() == settings::Log::Format::JSON ? LogFormat::json : LogFormat::text;
  options.file = log.getFile().cStr();
  return options;
}

// Makes the state folder and takes it for this host alone; the lock ends with the process.
kj::AutoCloseFd lockState(const std::string& state) {
  std::error_code error;
  std::filesystem::create_directories(state + "/.host", error);
  if (error) fail("the state folder ", state.c_str(), " cannot be made: ", error.message().c_str());
  std::string path = state + "/.host/lock";
  kj::AutoCloseFd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0)
    fail("the state folder cannot be written: ", path.c_str(), ": ", strerror(errno));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    fail("another host runs on the state folder ", state.c_str(), "; end it, or set host.state");
  }
  return lock;
}

class Host {
 public:
  Host(RunOptions options, ServiceManager service, kj::AsyncIoContext& io)
      : options(std::move(options)), service(std::move(service)), io(io) {}

  int run() {
    Preparation preparation{options.load, options.plugins, options.executable, loopIo(),
                            [](const std::string& text) { std::cerr << text << std::endl; }};
    // Signals that come meanwhile wait; nothing has been started yet.
    PrepareResult first = prepare(preparation, nullptr, true).promise().wait(io.waitScope);
    first.diagnostics.write(std::cerr, Format::text);
    if (!first.prepared) return exitConfig;
    auto config = first.prepared->config;
    auto lock = lockState(config->host().getState().cStr());
    Logs logs(logOptions(config->host().getLog()));
    LoopDelay delay(io.provider->getTimer(), kj::systemPreciseMonotonicClock());
    std::mt19937_64 engine(std::random_device{}());
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    RuntimeParts parts{loopIo(), io.provider->getTimer(), kj::systemPreciseCalendarClock(), logs,
                       [&engine, &uniform]() { return uniform(engine); }};
    Supervisor supervisor(parts, std::move(preparation), options.version, delay);
    return serve(supervisor, logs, std::move(*first.prepared));
  }

 private:
  RunOptions options;
  ServiceManager service;
  kj::AsyncIoContext& io;
  kj::Promise<void> draining = nullptr;

  LoopIo loopIo() { return {*io.lowLevelProvider, *io.provider, io.unixEventPort}; }

  int serve(Supervisor& supervisor, Logs& logs, Prepared prepared) {
    auto host = prepared.config->host();
    std::string httpAddress = host.getHttp().getListen().cStr(),
                adminPath = host.getAdmin().getSocket().cStr();
    auto started = supervisor.start(std::move(prepared))
                       .then([this, &logs]() {
                         logs.host().info("all instances have been started");
                         service.ready();
                       })
                       .eagerlyEvaluate(nullptr);
    AdminServer admin(adminPath, supervisor, logs, *io.lowLevelProvider);
    kj::Maybe<ListenSocket> httpSocket;
    kj::Maybe<StatusServer> http;
    if (!httpAddress.empty()) {
      auto& socket = httpSocket.emplace(httpAddress);
      auto tls = host.getHttp().getTls();
      const char* scheme = http::isSecure(tls) ? "https://" : "http://";
      logs.host().info("metrics and health at " + std::string(scheme) + socket.boundTo());
      auto& server = http.emplace(io.lowLevelProvider->wrapListenSocketFd(socket.fd()), tls,
                                  supervisor, logs, io.provider->getTimer());
      supervisor.onReload([&server]() { return server.refresh(); });
    }
    auto background = kj::joinPromises(kj::arr(reloadOnSignal(supervisor, logs),
                                               reopenOnSignal(logs), feedWatchdog()))
                          .eagerlyEvaluate([&logs](kj::Exception&& e) {
                            logs.host().error(e.getDescription().cStr());
                          });
    auto atOnce = supervisor.whenStopped()
                      .then([]() { return false; })
                      .exclusiveJoin(stopSignals(supervisor, logs).then([]() { return true; }));
    if (atOnce.wait(io.waitScope)) logs.host().warning("ending at once, without draining");
    logs.host().info("the host ends");
    return exitOk;
  }

  kj::Promise<int> stopSignal() {
    auto term = io.unixEventPort.onSignal(SIGTERM).then([](siginfo_t&&) { return SIGTERM; });
    auto interrupt = io.unixEventPort.onSignal(SIGINT).then([](siginfo_t&&) { return SIGINT; });
    return term.exclusiveJoin(kj::mv(interrupt));
  }

  // The first one drains; resolves with one that comes while the host is draining already: whoever
  // asks twice does not want to wait.
  kj::Promise<void> stopSignals(Supervisor& supervisor, Logs& logs) {
    return stopSignal().then([this, &supervisor, &logs](int number) -> kj::Promise<void> {
      if (supervisor.draining()) return kj::READY_NOW;
      logs.host().info(std::string("draining after ") + (number == SIGINT ? "SIGINT" : "SIGTERM"));
      service.stopping();
      draining = supervisor.drain("", 0).eagerlyEvaluate([&logs](kj::Exception&& e) {
        logs.host().error(std::string("draining failed: ") + e.getDescription().cStr());
      });
      return stopSignals(supervisor, logs);
    });
  }

  kj::Promise<void> reloadOnSignal(Supervisor& supervisor, Logs& logs) {
    return io.unixEventPort.onSignal(SIGHUP)
        .then([this, &supervisor](siginfo_t&&) {
          service.reloading();
          return supervisor.reload(false);
        })
        .then(
            [&logs](ReloadReport&& report) {
              if (report.accepted) logs.host().info("reload done\n" + report.report);
            },
            [&logs](kj::Exception&& e) {
              logs.host().error(std::string("reload failed: ") + e.getDescription().cStr());
            })
        .then([this, &supervisor, &logs]() {
          service.ready();
          return reloadOnSignal(supervisor, logs);
        });
  }

  kj::Promise<void> reopenOnSignal(Logs& logs) {
    return io.unixEventPort.onSignal(SIGUSR1).then([this, &logs](siginfo_t&&) {
      KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() { logs.reopen(); })) {
        logs.host().error(e->getDescription().cStr());
      }
      return reopenOnSignal(logs);
    });
  }

  kj::Promise<void> feedWatchdog() {
    auto interval = service.watchdogInterval();
    if (!interval) return kj::NEVER_DONE;
    service.watchdog();
    return io.provider->getTimer().afterDelay(interval->count() * kj::MICROSECONDS).then([this]() {
      return feedWatchdog();
    });
  }
};

}  // namespace

int runHost(RunOptions options) {
  int code = exitFailed;
  KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() {
                 auto service = ServiceManager::fromEnvironment();
                 captureSignals();
                 auto io = kj::setupAsyncIo();
                 code = Host(std::move(options), std::move(service), io).run();
               })) {
    std::cerr << "maitred: " << e->getDescription().cStr() << std::endl;
    return exitFailed;
  }
  return code;
}

}  // namespace maitred::host
