#pragma once
// The whole system as a user meets it: a real `maitred run` with a real config file on free
// loopback ports, driven by REST and by the `maitred` command line.

#include "certificates.h"

#include <maitred/http/client.h>
#include <maitred/testing/harness.h>

#include <nlohmann/json.hpp>

#include <kj/async-io.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace maitred::e2e {

using nlohmann::json;

struct Outcome {
  int exitCode;     // 128 + signal when a signal ended it
  std::string out;  // standard output and standard error
};

// For a host that starts later. Not one of the ports that the system gives to clients, as any
// connection might have it by then; and another part of the rest for each program that runs.
uint16_t freePort();

// Runs a program to its end; fails the test if that does not come in time.
Outcome run(const std::vector<std::string>& words, const std::string& input = "",
            kj::Duration most = 2 * kj::MINUTES);

class System {
 public:
  struct Options {
    std::string isolation = "process";
    std::string policy = "fairness/drf.lua";
    double cpus = 4;
    std::string localExtra, cookExtra;  // further lines of YAML in the instances, indented by 4
    std::string hostExtra;              // further lines below `host:`, indented by 2
    std::string extraPlugins;           // further instances, indented by 2
    bool tls = false;  // everything that listens; cert.pem, key.pem and ca.pem lie in the folder
    std::string program;                // in place of the one that was built
    // The root of an unpacked package: its program with its own configuration, in which only
    // addresses, the state folder and the tasks' account are others.
    std::string package;
    // A configuration as it ships, "examples/cook/one-user.yaml": as in a package.
    std::string shipped;
  };

  explicit System(Options options);
  ~System() noexcept;  // kill -9; tasks that still run are ended by their sandbox's limit
  KJ_DISALLOW_COPY(System);

  void start();   // and waits until /readyz says so
  void launch();  // without waiting
  void kill9();
  int terminate();  // SIGTERM; its exit code
  int join();       // waits for its end; its exit code
  pid_t pid() const { return process; }
  const std::string& folder() const { return directory.path(); }
  struct Ports {
    uint16_t rest, files, host;  // the queue's, the sandboxes', and /metrics, /healthz, /readyz
  };
  const Ports& ports() const { return listening; }
  // Where they answer: "https://127.0.0.1:4711".
  std::string restUrl() const { return url(listening.rest); }
  std::string filesUrl() const { return url(listening.files); }
  std::string hostUrl() const { return url(listening.host); }
  // One request to any of them, without credentials but those in it.
  http::ClientResponse send(http::ClientRequest request);
  // Signs the certificates of `tls`.
  const testing::Authority& authority() const { return issuer; }
  void editConfig(const std::string& from, const std::string& to);

  // Whether /readyz says so; its reasons in *why, or why it cannot be asked.
  bool ready(std::string* why = nullptr);

  Outcome maitred(std::vector<std::string> words, const std::string& input = "");
  Outcome ctl(std::vector<std::string> words);  // with --json where it is understood
  json status(const std::string& instance);     // of `ctl status --json`

  // POST /jobs as that user; returns the status of the response, its body in *body.
  unsigned submit(const std::string& user, const json& jobs, std::string* body = nullptr);
  json job(const std::string& uuid);
  http::ClientResponse rest(const std::string& method, const std::string& path,
                            const std::string& body = "", const std::string& user = "");
  json waitFor(const std::vector<std::string>& uuids, kj::Duration most = 60 * kj::SECONDS);
  http::ClientResponse get(const std::string& url);
  std::string metrics();  // what GET /metrics answers

  // Fails the test and throws when it does not become true in time.
  void eventually(const std::string& what, std::function<bool()> condition,
                  kj::Duration most = 60 * kj::SECONDS);

  std::string log() const;

 private:
  void writeConfig();
  std::string url(uint16_t port) const;
  std::string program() const;
  std::vector<std::string> commandLine() const;

  Options options;
  testing::Authority issuer;
  http::ClientOptions clientOptions;
  testing::TemporaryDirectory directory;
  kj::AsyncIoContext& io;
  Ports listening;
  pid_t process = 0;
};

// A job for /bin/sh with sensible defaults; its UUID is fresh.
json job(const std::string& command, double cpus = 1);
std::vector<std::string> uuidsOf(const json& jobs);

}  // namespace maitred::e2e
