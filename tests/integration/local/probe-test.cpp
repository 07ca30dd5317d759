// Health probes of each kind, and what their failure does.
#include "world.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace maitred::local::test {
namespace {

using backend::Reason;
using backend::TaskState;

// What a task would listen with, in the test's own process: it can be closed at will. Answers each
// connection with `answer`, if that is not empty.
class Listener {
 public:
  explicit Listener(uint16_t port, std::string answer = "") : answer(std::move(answer)) {
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    KJ_SYSCALL(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
    KJ_SYSCALL(listen(fd, 16));
    thread = std::thread([this]() { serve(); });
  }
  ~Listener() {
    shutdown(fd, SHUT_RDWR);  // wakes accept()
    thread.join();
    close(fd);
  }

  // The first line of the newest request.
  std::string lastRequest() {
    std::lock_guard<std::mutex> hold(mutex);
    return request;
  }
  std::atomic<int> connections = 0;

 private:
  void serve() {
    for (int one; (one = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; close(one)) {
      ++connections;
      if (answer.empty()) continue;
      char text[2000];
      ssize_t n = recv(one, text, sizeof(text), 0);
      {
        std::lock_guard<std::mutex> hold(mutex);
        request = std::string(text, n > 0 ? size_t(n) : 0);
      }
      send(one, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  int fd;
  std::string answer, request;
  std::mutex mutex;
  std::thread thread;
};

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() : settings(settingsFor(temp.path + "/work")) {
    port = quietPorts(1);
    settings.nodes[0].facts.capacity.ports = {{port, port}};
  }
  // A task with one port that sleeps; the probe is filled in further by `fill`.
  void launch(World& world, std::function<void(backend::Probe::Builder)> fill,
              const char* command = "exec sleep 600") {
    auto refusal = world.launch("t", command, [&](auto spec) {
      spec.initPorts(1)[0].setName("http");
      auto probe = spec.initProbe();
      probe.setPortName("http");
      probe.setIntervalMs(50);
      probe.setTimeoutMs(5000);
      probe.setFailuresMax(2);
      fill(probe);
    });
    ASSERT_FALSE(refusal) << refusal->message;
  }
  void waitFor(World& world, backend::Health health) {
    world.waitUntil(
        [&]() {
          for (auto& status : world.told["t"]) {
            if (status.health == health) return true;
          }
          return false;
        },
        "the task's health");
  }
  void expectProbeFailed(World& world) {
    auto status = world.end("t");
    EXPECT_EQ(status.state, TaskState::FAILED);
    EXPECT_EQ(status.reason, Reason::PROBE_FAILED) << status.message;
  }

  TempFolder temp;
  Settings settings;
  uint16_t port;
};

TEST_F(ProbeTest, Command_HealthIsToldAndFailureEndsTheTask) {
  World world(settings);
  launch(
      world, [](auto probe) { probe.getCheck().setCommand("test -e well"); },
      "touch well; exec sleep 600");
  waitFor(world, backend::Health::HEALTHY);
  unlink((world.sandboxOf("t") + "/well").c_str());
  expectProbeFailed(world);
}

TEST_F(ProbeTest, Tcp_IsWhetherThePortTakesConnections) {
  World world(settings);
  launch(world, [](auto probe) {
    probe.getCheck().setTcp();
    probe.setGraceMs(600'000);  // until it is healthy for the first time
  });
  {
    Listener listener(port);
    waitFor(world, backend::Health::HEALTHY);
    world.waitUntil([&]() { return listener.connections > 0; }, "a connection");
  }
  expectProbeFailed(world);
}

TEST_F(ProbeTest, Http_AsksForThePathAtTheTasksPort) {
  World world(settings);
  launch(world, [](auto probe) {
    probe.getCheck().setHttpPath("/health?deep=1");
    probe.setGraceMs(600'000);
  });
  {
    Listener listener(port, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    waitFor(world, backend::Health::HEALTHY);
    EXPECT_EQ(listener.lastRequest().find("GET /health?deep=1 HTTP/1.1\r\n"), 0u);
  }
  Listener ill(port, "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n");
  expectProbeFailed(world);
}

TEST_F(ProbeTest, Http_WhatIsNoHttpIsNoHealth) {
  World world(settings);
  launch(world, [](auto probe) { probe.getCheck().setHttpPath("/"); });
  Listener listener(port, "220 mail.example.org ESMTP ready\r\n");
  expectProbeFailed(world);
}

TEST_F(ProbeTest, CheckThatHangs_IsEndedAndCounts) {
  World world(settings);
  launch(world, [](auto probe) {
    probe.getCheck().setCommand("sleep 600");
    probe.setTimeoutMs(50);
  });
  expectProbeFailed(world);
}

TEST_F(ProbeTest, WithinItsGrace_AFailureIsNotTold) {
  World world(settings);
  launch(
      world,
      [](auto probe) {
        probe.getCheck().setCommand("echo x >> ../probes; test -e well");
        probe.setGraceMs(600'000);
        probe.setFailuresMax(1);
      },
      "while ! test -e go; do sleep 0.02; done");
  auto probes = world.sandboxOf("t") + "/../probes";
  world.waitUntil([&]() { return contents(probes).size() >= 6; }, "three checks");
  for (auto& status : world.told["t"]) EXPECT_EQ(status.health, backend::Health::UNKNOWN);
  EXPECT_EQ(close(creat((world.sandboxOf("t") + "/go").c_str(), 0600)), 0);
  EXPECT_EQ(world.end("t").exitCode, 0);
}

}  // namespace
}  // namespace maitred::local::test
