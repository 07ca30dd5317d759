#include "host/admin/admin-server.h"

#include "fake-control.h"
#include "host/admin/status-server.h"
#include "host/admin/systemd.h"
#include "host/log/logs.h"
#include "temp-folder.h"

#include <maitred/http.h>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <capnp/rpc-twoparty.h>

#include <fstream>

namespace maitred::host {
namespace {

using test::FakeControl;
using test::TempFolder;
using ::testing::HasSubstr;

std::string failureOf(const std::function<void()>& work) {
  KJ_IF_MAYBE (fault, kj::runCatchingExceptions([&]() { work(); })) {
    return fault->getDescription().cStr();
  }
  return "no failure";
}

class AdminServerTest : public ::testing::Test {
 protected:
  ~AdminServerTest() noexcept override {}

  // One connection as `maitred ctl` makes it.
  struct Connection {
    Connection(kj::AsyncIoContext& io, const std::string& path)
        : stream(io.provider->getNetwork()
                     .parseAddress(kj::str("unix:", path.c_str()))
                     .wait(io.waitScope)
                     ->connect()
                     .wait(io.waitScope)),
          client(*stream),
          admin(client.bootstrap().castAs<admin::Admin>()) {}
    kj::Own<kj::AsyncIoStream> stream;
    capnp::TwoPartyClient client;
    maitred::admin::Admin::Client admin;
  };

  kj::AsyncIoContext io = kj::setupAsyncIo();
  TempFolder folder;
  std::string path = folder / "admin.sock";
  FakeControl control;
  Logs logs{{.file = folder / "host.log"}};
};

TEST_F(AdminServerTest, AnswersEveryQuestion) {
  AdminServer server(path, control, logs, *io.lowLevelProvider);
  Connection connection(io, path);
  auto& admin = connection.admin;
  auto status = admin.statusRequest().send().wait(io.waitScope);
  EXPECT_EQ(status.getStatus().getInstances()[1].getLastFailure(), "killed by signal 9");
  EXPECT_EQ(admin.grantsRequest().send().wait(io.waitScope).getEdges()[0].getCalls(), 10u);

  auto reload = admin.reloadRequest();
  reload.setDryRun(false);
  auto report = reload.send().wait(io.waitScope);
  EXPECT_FALSE(report.getAccepted());
  EXPECT_EQ(report.getChanges()[0].getAction(), admin::Action::RESTARTED);

  auto drain = admin.drainRequest();
  drain.setInstance("cook");
  drain.setDeadlineMs(5);
  drain.send().wait(io.waitScope);
  EXPECT_EQ(control.told, "drain cook 5");

  auto ask = admin.askRequest();
  ask.setInstance("cook");
  ask.setName("why");
  ask.setInput("{}");
  EXPECT_EQ(ask.send().wait(io.waitScope).getOutput(), "cook/why/{}");
  EXPECT_EQ(admin.configRequest().send().wait(io.waitScope).getEffective(), "host: {}\n");
  EXPECT_THAT(std::string(admin.metricsRequest().send().wait(io.waitScope).getText().cStr()),
              HasSubstr("maitred_host_ready 1"));
}

TEST_F(AdminServerTest, WrongRequest_KeepsTheConnection) {
  AdminServer server(path, control, logs, *io.lowLevelProvider);
  Connection connection(io, path);
  auto restart = connection.admin.restartRequest();
  restart.setInstance("nobody");
  EXPECT_THAT(failureOf([&]() { restart.send().wait(io.waitScope); }),
              HasSubstr("no such instance"));
  EXPECT_EQ(connection.admin.statusRequest().send().wait(io.waitScope).getStatus().getPid(), 77u);
}

TEST_F(AdminServerTest, RecentLog_IsOfOneInstanceAndMaskTakesSecretsOut) {
  logs.host().info("seated");
  logs.instance("cook").debug("too little to be written, but kept");
  AdminServer server(path, control, logs, *io.lowLevelProvider);
  Connection connection(io, path);
  auto linesOf = [&](const char* instance) {
    auto request = connection.admin.recentLogRequest();
    request.setInstance(instance);
    auto response = request.send().wait(io.waitScope);
    return std::string(response.getLines()[response.getLines().size() - 1].cStr());
  };
  EXPECT_EQ(linesOf(""), "info: seated");
  EXPECT_EQ(linesOf("cook"), "debug: too little to be written, but kept");
  EXPECT_THAT(failureOf([&]() { linesOf("chef"); }), HasSubstr("there is no instance \"chef\""));

  auto mask = connection.admin.maskRequest();
  mask.setText("a secret, a plate");
  EXPECT_EQ(mask.send().wait(io.waitScope).getText(), "a ***, a plate");
  auto large = connection.admin.maskRequest();
  large.setText(std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(failureOf([&]() { large.send().wait(io.waitScope); }),
              HasSubstr("larger than 1 MiB"));
}

TEST_F(AdminServerTest, LogLevel_IsAskedAndSet) {
  AdminServer server(path, control, logs, *io.lowLevelProvider);
  Connection connection(io, path);
  logs.instance("cook");
  auto request = connection.admin.logLevelRequest();
  request.setInstance("cook");
  request.setLevel("debug");
  EXPECT_EQ(request.send().wait(io.waitScope).getLevel(), "debug");
  EXPECT_EQ(logs.level("cook"), LogLevel::debug);
  auto wrong = connection.admin.logLevelRequest();
  wrong.setLevel("loud");
  EXPECT_THAT(failureOf([&]() { wrong.send().wait(io.waitScope); }),
              HasSubstr("debug, info, warning"));
  auto unknown = connection.admin.logLevelRequest();
  unknown.setInstance("chef");
  EXPECT_THAT(failureOf([&]() { unknown.send().wait(io.waitScope); }), HasSubstr("\"cook\""));
}

TEST_F(AdminServerTest, SocketFile_IsPrivateAndRemoved) {
  {
    AdminServer server(path, control, logs, *io.lowLevelProvider);
    struct stat file;
    ASSERT_EQ(stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(AdminServerTest, StaleSocket_IsReplaced) {
  // What a killed host leaves: a bound file that nobody listens on.
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(fd);
  ASSERT_EQ(access(path.c_str(), F_OK), 0);
  AdminServer server(path, control, logs, *io.lowLevelProvider);
  Connection connection(io, path);
  EXPECT_EQ(connection.admin.statusRequest().send().wait(io.waitScope).getStatus().getPid(), 77u);
}

TEST_F(AdminServerTest, SecondHost_IsRefused) {
  AdminServer server(path, control, logs, *io.lowLevelProvider);
  EXPECT_THAT(failureOf([&]() { AdminServer other(path, control, logs, *io.lowLevelProvider); }),
              HasSubstr("another host answers"));
  Connection connection(io, path);
  EXPECT_EQ(connection.admin.statusRequest().send().wait(io.waitScope).getStatus().getPid(), 77u);
}

TEST_F(AdminServerTest, UnusablePaths_AreRefusedWithASentence) {
  auto tooLong = folder / std::string(120, 'x');
  EXPECT_THAT(
      failureOf([&]() { AdminServer server(tooLong, control, logs, *io.lowLevelProvider); }),
      HasSubstr("at most 107 bytes"));
  auto taken = folder / "file";
  std::ofstream(taken) << "precious";
  EXPECT_THAT(failureOf([&]() { AdminServer server(taken, control, logs, *io.lowLevelProvider); }),
              HasSubstr("no socket"));
  EXPECT_EQ(access(taken.c_str(), F_OK), 0);
  auto nowhere = folder / "absent/admin.sock";
  EXPECT_THAT(
      failureOf([&]() { AdminServer server(nowhere, control, logs, *io.lowLevelProvider); }),
      HasSubstr("cannot be made"));
}

TEST_F(AdminServerTest, HalfARequest_DoesNotDisturbOthers) {
  AdminServer server(path, control, logs, *io.lowLevelProvider);
  auto address =
      io.provider->getNetwork().parseAddress(kj::str("unix:", path.c_str())).wait(io.waitScope);
  auto rude = address->connect().wait(io.waitScope);
  rude->write("\xff\xff\xff\xff\xff\xff\xff\xff", 8).wait(io.waitScope);
  Connection connection(io, path);
  EXPECT_EQ(connection.admin.statusRequest().send().wait(io.waitScope).getStatus().getPid(), 77u);
}

TEST_F(AdminServerTest, StatusServer_TellsHealthReadinessAndMetrics) {
  auto& network = io.provider->getNetwork();
  auto receiver = network.parseAddress("127.0.0.1:0").wait(io.waitScope)->listen();
  auto port = receiver->getPort();
  StatusServer server(kj::mv(receiver), {}, control, logs, io.provider->getTimer());
  http::Client client(network, io.provider->getTimer());
  auto get = [&](const char* path) {
    return client.get(kj::str("http://127.0.0.1:", port, path).cStr()).wait(io.waitScope);
  };
  EXPECT_EQ(get("/healthz").status, 200u);
  EXPECT_EQ(get("/readyz").status, 200u);
  control.cookState = admin::InstanceState::FAILED;
  auto notReady = get("/readyz");
  EXPECT_EQ(notReady.status, 503u);
  EXPECT_EQ(notReady.body, "not ready\ncook: failed (killed by signal 9)\n");
  EXPECT_EQ(get("/healthz").status, 200u);
  auto metrics = get("/metrics");
  EXPECT_THAT(metrics.body, HasSubstr("maitred_host_ready 0\n"));
  EXPECT_THAT(std::string(*metrics.header("content-type")), HasSubstr("version=0.0.4"));
  EXPECT_EQ(get("/else").status, 404u);
}

TEST(ServiceManager, SendsDatagrams_AndHidesTheSocketFromChildren) {
  TempFolder folder;
  auto path = folder / "notify";
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  setenv("WATCHDOG_USEC", "3000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  auto manager = ServiceManager::fromEnvironment();
  EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(manager.watchdogInterval(), std::chrono::microseconds(1500000));
  auto received = [&]() {
    char buffer[200];
    auto size = recv(fd, buffer, sizeof buffer, 0);
    return size < 0 ? std::string("nothing") : std::string(buffer, static_cast<size_t>(size));
  };
  manager.ready();
  EXPECT_EQ(received(), "READY=1");
  manager.status("2 plugins\nREADY=1");
  EXPECT_EQ(received(), "STATUS=2 plugins");
  manager.reloading();
  EXPECT_THAT(received(), HasSubstr("RELOADING=1\nMONOTONIC_USEC="));
  close(fd);
  manager.watchdog();  // the manager is gone: no harm
}

TEST(ServiceManager, WithoutAManager_DoesNothing) {
  for (auto name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  EXPECT_FALSE(ServiceManager::fromEnvironment().present());
  setenv("NOTIFY_SOCKET", "relative", 1);
  setenv("WATCHDOG_USEC", "12x", 1);
  auto manager = ServiceManager::fromEnvironment();
  EXPECT_FALSE(manager.present());
  EXPECT_EQ(manager.watchdogInterval(), std::nullopt);
}

TEST(ServiceManager, WatchdogOfAnotherProcess_IsNotOurs) {
  setenv("NOTIFY_SOCKET", "/tmp/x", 1);
  setenv("WATCHDOG_USEC", "3000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(ServiceManager::fromEnvironment().watchdogInterval(), std::nullopt);
}

}  // namespace
}  // namespace maitred::host
