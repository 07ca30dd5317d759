#include "admin-server.h"

#include "host/log/logs.h"
#include "host/base/failure.h"
#include "report.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <capnp/rpc-twoparty.h>
#include <kj/debug.h>
#include <kj/io.h>

#include <cerrno>
#include <cstring>

namespace maitred::host {

namespace {

constexpr size_t maxTextBytes = 1 << 20;  // of anything that is sent or received as one text
constexpr size_t maxConnections = 64;

class Service final : public admin::Admin::Server {
 public:
  Service(Control& control, Logs& logs) : control(control), logs(logs) {}

 protected:
  kj::Promise<void> status(StatusContext context) override {
    control.status(context.getResults().initStatus());
    return kj::READY_NOW;
  }
  kj::Promise<void> grants(GrantsContext context) override {
    control.grants(context.getResults());
    return kj::READY_NOW;
  }
  kj::Promise<void> reload(ReloadContext context) override {
    return control.reload(context.getParams().getDryRun())
        .then([context](ReloadReport report) mutable {
          auto results = context.getResults();
          results.setAccepted(report.accepted);
          results.setReport(report.report.substr(0, maxTextBytes));
          auto changes = results.initChanges(report.changes.size());
          for (size_t i = 0; i < report.changes.size(); ++i) {
            changes[i].setInstance(report.changes[i].instance);
            changes[i].setAction(report.changes[i].action);
            changes[i].setDetail(report.changes[i].detail);
          }
        });
  }
  kj::Promise<void> drain(DrainContext context) override {
    auto params = context.getParams();
    return control.drain(params.getInstance(), params.getDeadlineMs());
  }
  kj::Promise<void> restart(RestartContext context) override {
    return control.restart(context.getParams().getInstance());
  }
  kj::Promise<void> metrics(MetricsContext context) override {
    context.allowCancellation();
    return allMetrics(control, logs).then([context](std::string text) mutable {
      context.getResults().setText(text);
    });
  }
  kj::Promise<void> logLevel(LogLevelContext context) override {
    auto params = context.getParams();
    std::string_view instance(params.getInstance().cStr(), params.getInstance().size());
    if (params.getLevel().size() > 0) {
      logs.setLevel(instance, logLevelOf({params.getLevel().cStr(), params.getLevel().size()}));
    }
    auto level = kj::heapString(nameOf(logs.level(instance)));
    context.getResults().setLevel(level);
    if (instance.empty() || params.getLevel().size() == 0) return kj::READY_NOW;
    // The instance filters at its own end too. One that does not run takes the level at its next
    // start.
    return control.ask(params.getInstance(), "maitred.log-level", level)
        .then([](kj::String&&) {}, [](kj::Exception&&) {});
  }
  kj::Promise<void> ask(AskContext context) override {
    auto params = context.getParams();
    if (params.getInput().size() > maxTextBytes) fail("the input is larger than 1 MiB");
    return control.ask(params.getInstance(), params.getName(), params.getInput())
        .then([context](kj::String output) mutable {
          if (output.size() > maxTextBytes) fail("the answer is larger than 1 MiB");
          context.getResults().setOutput(output);
        });
  }
  kj::Promise<void> reopenLogs(ReopenLogsContext) override {
    logs.reopen();
    logs.host().info("log opened anew");
    return kj::READY_NOW;
  }
  kj::Promise<void> config(ConfigContext context) override {
    context.getResults().setEffective(control.effectiveConfig());
    return kj::READY_NOW;
  }
  kj::Promise<void> recentLog(RecentLogContext context) override {
    auto instance = context.getParams().getInstance();
    auto kept = logs.lastLines({instance.cStr(), instance.size()});
    auto lines = context.getResults().initLines(kept.size());
    for (size_t i = 0; i < kept.size(); ++i) lines.set(i, kept[i]);
    return kj::READY_NOW;
  }
  kj::Promise<void> mask(MaskContext context) override {
    auto text = context.getParams().getText();
    if (text.size() > maxTextBytes) fail("the text is larger than 1 MiB");
    context.getResults().setText(control.masked({text.cStr(), text.size()}));
    return kj::READY_NOW;
  }

 private:
  Control& control;
  Logs& logs;
};

sockaddr_un addressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    fail("the path of the admin socket is too long: ", path.c_str(),
         "; a Unix socket's has at most ", sizeof address.sun_path - 1,
         " bytes, so set host.admin.socket to a shorter one");
  }
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

kj::AutoCloseFd unixSocket() {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) fail("cannot make a socket: ", strerror(errno));
  return kj::AutoCloseFd(fd);
}

// Removes what a host that was killed has left behind; throws if somebody still answers.
void removeStale(const std::string& path, const sockaddr_un& address) {
  struct stat file;
  if (lstat(path.c_str(), &file) < 0) return;
  if (!S_ISSOCK(file.st_mode)) {
    fail("the admin socket's path is taken by something that is no socket: ", path.c_str());
  }
  auto probe = unixSocket();
  int error = 0;
  if (connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    error = errno;
  if (error == 0 || error == EAGAIN || error == EINPROGRESS) {
    fail("another host answers on the admin socket ", path.c_str(),
         "; stop it, or set another host.state or host.admin.socket");
  }
  if (error != ECONNREFUSED && error != ENOENT) {
    fail("the admin socket ", path.c_str(), " cannot be examined: ", strerror(error));
  }
  unlink(path.c_str());
}

kj::AutoCloseFd bindSocket(const std::string& path) {
  auto address = addressOf(path);
  removeStale(path, address);
  auto fd = unixSocket();
  // Nobody may connect between bind() and chmod(): the descriptor's mode becomes the file's.
  fchmod(fd, 0600);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      chmod(path.c_str(), 0600) < 0 || listen(fd, SOMAXCONN) < 0) {
    int error = errno;
    fail("the admin socket cannot be made at ", path.c_str(), ": ", strerror(error));
  }
  return fd;
}

// One operator's connection.
class Session {
 public:
  Session(kj::Own<kj::AsyncIoStream> given, admin::Admin::Client bootstrap)
      : stream(kj::mv(given)),
        network(*stream, capnp::rpc::twoparty::Side::SERVER, limits()),
        rpc(capnp::makeRpcServer(network, kj::mv(bootstrap))) {}

  kj::Promise<void> ended() { return network.onDisconnect(); }

 private:
  static capnp::ReaderOptions limits() {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = 2 * maxTextBytes / sizeof(capnp::word);
    return options;
  }

  kj::Own<kj::AsyncIoStream> stream;
  capnp::TwoPartyVatNetwork network;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc;
};

}  // namespace

struct AdminServer::Impl final : public kj::TaskSet::ErrorHandler {
  Impl(std::string given, Control& control, Logs& logs, kj::LowLevelAsyncIoProvider& io)
      : path(std::move(given)),
        logs(logs),
        service(make(control, logs)),
        timer(io.getTimer()),
        listener(
            io.wrapListenSocketFd(bindSocket(path), kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP)),
        tasks(*this) {
    struct stat file;
    if (lstat(path.c_str(), &file) == 0) inode = file.st_ino;
    tasks.add(acceptAll());
  }
  ~Impl() noexcept(false) {
    // A later host may have put its own in this place.
    struct stat file;
    if (lstat(path.c_str(), &file) == 0 && file.st_ino == inode) unlink(path.c_str());
  }

  kj::Promise<void> acceptAll() {
    return listener->acceptAuthenticated()
        .then(
            [this](kj::AuthenticatedStream accepted) -> kj::Promise<void> {
              admit(kj::mv(accepted));
              return kj::READY_NOW;
            },
            [this](kj::Exception&& fault) -> kj::Promise<void> {
              // Out of descriptors, most likely: the pause keeps the loop free meanwhile.
              logs.host().error(kj::str("admin socket: ", fault.getDescription()).cStr());
              return timer.afterDelay(1 * kj::SECONDS);
            })
        .then([this]() { return acceptAll(); });
  }

  void admit(kj::AuthenticatedStream accepted) {
    auto& identity = kj::downcast<kj::LocalPeerIdentity>(*accepted.peerIdentity);
    auto peer = identity.getCredentials();
    uid_t uid = ~uid_t(0);
    KJ_IF_MAYBE (known, peer.uid) {
      uid = *known;
    }
    if (uid != 0 && uid != geteuid()) {
      logs.host().warning(kj::str("admin socket: user ", uid, " was refused").cStr());
      return;
    }
    if (open >= maxConnections) {
      logs.host().warning("admin socket: too many connections, one was refused");
      return;
    }
    ++open;
    tasks.add(serve(kj::mv(accepted.stream), service).attach(kj::defer([this]() { --open; })));
  }

  void taskFailed(kj::Exception&& fault) override {
    if (fault.getType() == kj::Exception::Type::DISCONNECTED) return;
    logs.host().warning(kj::str("admin socket: ", fault.getDescription()).cStr());
  }

  std::string path;
  ino_t inode = 0;
  Logs& logs;
  admin::Admin::Client service;
  kj::Timer& timer;
  kj::Own<kj::ConnectionReceiver> listener;
  size_t open = 0;
  kj::TaskSet tasks;
};

AdminServer::AdminServer(std::string path, Control& control, Logs& logs,
                         kj::LowLevelAsyncIoProvider& io)
    : impl(kj::heap<Impl>(std::move(path), control, logs, io)) {}
AdminServer::~AdminServer() noexcept(false) {}

admin::Admin::Client AdminServer::make(Control& control, Logs& logs) {
  return kj::heap<Service>(control, logs);
}

kj::Promise<void> AdminServer::serve(kj::Own<kj::AsyncIoStream> connection,
                                     admin::Admin::Client service) {
  auto session = kj::heap<Session>(kj::mv(connection), kj::mv(service));
  auto ended = session->ended();
  return ended.attach(kj::mv(session));
}

}  // namespace maitred::host
