// Hours in small: submissions, kills, reloads, broken clients and restarts, round after round.
// After the first rounds nothing may grow: descriptors, threads, processes, edges, memory.
//
//   MAITRED_TEST_PROFILE=long    some hundred rounds; MAITRED_TEST_ROUNDS=900    so many
#include "process-facts.h"
#include "system.h"

#include "tests/integration/http/raw-client.h"
#include "tests/sanitized.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <set>

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace maitred::e2e {
namespace {

struct Profile {
  int warmUp, rounds;
  size_t memoryKib;  // by which a process may grow in these rounds
  // A backend remembers the latest 10,000 tasks that have ended, with more than a kilobyte each:
  // so many rounds of work fill that before anything is measured.
  int filling = 0;
  // What allocators give back, they give back late: so many more rounds may go by until a process
  // is as small as it should be. One that leaks grows further.
  int patience = 0;
};

Profile profile() {
  const char* given = std::getenv("MAITRED_TEST_PROFILE");
  const char* rounds = std::getenv("MAITRED_TEST_ROUNDS");
  if (rounds != nullptr) return {10, std::atoi(rounds), 6 << 10, 700, 150};
  // The allocators keep some megabytes back; what leaks in each round outgrows that in a long run.
  if (given != nullptr && std::string(given) == "long") return {10, 300, 6 << 10, 700, 150};
  return {2, 4, 2 << 10};
}

// Every process of the system, by its role.
using Facts = std::map<std::string, ProcessFacts>;

class Soak : public ::testing::TestWithParam<const char*> {
 protected:
  Soak() : system(options()) {
    // What is remembered of jobs and tasks that have ended grows as well, up to its limit.
    system.editConfig("admins: [operator]",
                      "admins: [operator]\n      completed_jobs: { count: 20, archive: false }");
    system.editConfig("limits: watch", "limits: watch\n      retention: { age: 1s }");
    system.start();
  }

  static System::Options options() {
    System::Options options;
    options.isolation = GetParam();
    options.hostExtra = "  worker: { crash_limit: 1000, healthy_after: 100ms }\n";
    return options;
  }

  void work() {
    json quick = json::array(), endless = json::array();
    for (int i = 0; i < 12; ++i) quick.push_back(job("true", 0.1));
    for (int i = 0; i < 3; ++i) endless.push_back(job("exec sleep 600", 0.1));
    ASSERT_EQ(system.submit("ana", quick), 201u);
    ASSERT_EQ(system.submit("bob", endless), 201u);
    for (auto& done : system.waitFor(uuidsOf(quick))) ASSERT_EQ(done["state"], "success");
    std::string path = "/jobs?";
    for (auto& uuid : uuidsOf(endless)) path += "uuid=" + uuid + "&";
    path.pop_back();
    ASSERT_EQ(system.rest("DELETE", path).status, 204u);
    system.waitFor(uuidsOf(endless));
    ASSERT_EQ(system.rest("GET", "/usage?user=ana").status, 200u);
  }

  // The shares change there and back; every second time an instance comes or goes as well.
  void reload(int round, bool instances) {
    bool odd = round % 2 == 1;
    system.editConfig(odd ? "cpus: 1, mem: 1GiB" : "cpus: 2, mem: 1GiB",
                      odd ? "cpus: 2, mem: 1GiB" : "cpus: 1, mem: 1GiB");
    static const std::string guest =
        "plugins:\n  - name: guest\n    library: maitred-sim\n"
        "    config: { nodes: { shadow: { count: 1 } } }\n";
    if (instances) system.editConfig(odd ? "plugins:\n" : guest, odd ? guest : "plugins:\n");
    auto done = system.ctl({"reload"});
    ASSERT_EQ(done.exitCode, 0) << done.out;
    system.editConfig("cpus: ", "cpus: x");
    ASSERT_NE(system.ctl({"reload"}).exitCode, 0);
    system.editConfig("cpus: x", "cpus: ");
  }

  void brokenClients() {
    for (uint16_t port : {system.ports().rest, system.ports().host}) {
      for (std::string bytes : {"\x16\x03\x01\r\n\r\n", "GET / HTTP/1.1\r\nX : y\r\n\r\n",
                                "POST /jobs HTTP/1.1\r\nHost: h\r\nContent-Length: 999\r\n\r\nab",
                                "GET /queue HTTP/1.1\r\nHo", ""}) {
        http::test::RawClient(port).send(bytes);  // and is gone
      }
    }
    EXPECT_EQ(system.rest("POST", "/jobs", "{\"jobs\": [").status, 400u);
    onAdminSocket(std::string(8, '\xff'));
    onAdminSocket(std::string(64, '\0'));
    onAdminSocket("GET /");
  }

  void onAdminSocket(const std::string& bytes) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    kj::AutoCloseFd closer(fd);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string path = system.folder() + "/state/admin.sock";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  // By an operator, and where there are processes by kill -9 as well.
  void restart(const std::string& instance, bool crash) {
    json before = system.status(instance);
    pid_t process = before.value("pid", 0);
    if (crash && process != 0) {
      ASSERT_EQ(kill(process, SIGKILL), 0);
    } else {
      auto done = system.ctl({"restart", instance});
      ASSERT_EQ(done.exitCode, 0) << done.out << system.log();
    }
    system.eventually(instance + " is active again", [&]() {
      json now = system.status(instance);
      return now["state"] == "active" && (process == 0 || now["pid"] != process);
    });
    system.eventually("all is ready", [&]() { return system.ready(); });
  }

  Facts facts(bool workers) {
    Facts all = {{"host", factsOf(system.pid())}};
    if (!workers) return all;
    for (const char* instance : {"local", "cook"}) {
      pid_t process = system.status(instance).value("pid", 0);
      if (process != 0) all[instance] = factsOf(process);
    }
    return all;
  }

  // Who may call whom; calls in flight must have come to an end.
  std::multiset<std::string> edges() {
    std::multiset<std::string> all;
    json grants = json::parse(system.ctl({"grants", "--json"}).out);
    for (auto& edge : grants) {
      all.insert(edge["consumer"].get<std::string>() + ">" + edge["provider"].get<std::string>() +
                 " in flight " + edge.value("in_flight", json(0)).dump());
    }
    return all;
  }

  // Where all is in one process, each life of a plugin has threads of its own, and so many heaps of
  // the allocator's that are used by turns.
  static size_t allowance() {
    bool isInline = GetParam() == std::string("inline");
    return profile().memoryKib * (isInline ? 2 : 1);
  }

  void expectNoGrowth(const Facts& before, bool workers) {
    Facts now;
    system.eventually(
        "descriptors and threads are as few as before",
        [&]() {
          now = facts(workers);
          for (auto& [role, facts] : now) {
            // The pool for blocking calls makes up to four threads when they are needed.
            if (facts.descriptors > before.at(role).descriptors ||
                facts.threads > before.at(role).threads + 4) {
              return false;
            }
          }
          return true;
        },
        30 * kj::SECONDS);
    for (auto& [role, facts] : now) {
      std::cout << role << ": " << facts.descriptors << " descriptors, " << facts.threads
                << " threads, " << before.at(role).memoryKib << " -> " << facts.memoryKib
                << " KiB\n";
      // A sanitizer keeps what was freed, and looks for leaks itself.
      if (testing::SANITIZED) continue;
      EXPECT_LE(facts.memoryKib, before.at(role).memoryKib + allowance()) << role;
    }
  }

  bool isSmall(const Facts& before, bool workers) {
    if (testing::SANITIZED) return true;
    Facts now = facts(workers);
    return std::all_of(now.begin(), now.end(), [&](const auto& one) {
      return one.second.memoryKib <= before.at(one.first).memoryKib + allowance();
    });
  }

  void run(const std::function<void(int)>& round, bool workers) {
    for (int i = 1; i <= profile().warmUp && !HasFatalFailure(); ++i) round(i);
    Facts before = facts(workers);
    auto edgesBefore = edges();
    size_t processes = descendantsOf(system.pid()).size();
    const int rounds = profile().rounds;
    for (int i = 1; i <= rounds && !HasFatalFailure(); ++i) round(i);
    for (int i = 1; i <= profile().patience && !HasFatalFailure(); ++i) {
      if (isSmall(before, workers)) break;
      round(rounds + i);
    }
    ASSERT_FALSE(HasFatalFailure());
    expectNoGrowth(before, workers);
    system.eventually("the edges are the same", [&]() { return edges() == edgesBefore; });
    system.eventually("no process is left over", [&]() {
      return descendantsOf(system.pid()).size() <= processes;
    });
  }

  System system;
};

TEST_P(Soak, WorkReloadsAndBrokenClientsLeaveNothingBehind) {
  for (int i = 0; i < profile().filling && !HasFatalFailure(); ++i) work();
  run(
      [&](int round) {
        work();
        reload(round, false);
        brokenClients();
      },
      true);
}

TEST_P(Soak, RestartsAndInstancesThatComeAndGoLeaveNothingBehind) {
  run(
      [&](int round) {
        work();
        reload(round, true);
        restart("local", round % 2 == 0);
        restart("cook", round % 2 == 1);
        brokenClients();
      },
      false);
}

INSTANTIATE_TEST_SUITE_P(Isolations, Soak, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
