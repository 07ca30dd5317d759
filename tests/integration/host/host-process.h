#pragma once
// A whole host in a process of its own, driven over its admin socket as an operator would.

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <maitred/schema/admin.capnp.h>
#include <maitred/testing/harness.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace maitred::host::test {

struct InstanceText {
  std::string name, library, rest;
};  // `rest`: further lines of YAML, indented by 4

class HostProcess {
 public:
  explicit HostProcess(std::string isolation);
  ~HostProcess() noexcept;  // kills it

  std::string worker = "heartbeat: 500ms, misses: 3";  // of `host.worker`
  std::string edge = "in_flight_max: 1024";            // of `host.edge`
  std::string drainTimeout = "5s";

  void write(const std::vector<InstanceText>& instances);  // the config file
  void start();           // and waits until the admin socket answers
  void startAndSettle();  // and until every instance is active
  // Starts a host that is expected to end by itself: its exit code.
  int runToEnd();

  std::string ask(const std::string& instance, const std::string& name,
                  const std::string& input = "");
  capnp::Response<admin::Admin::StatusResults> status();
  admin::InstanceState state(const std::string& instance);
  std::string lastFailure(const std::string& instance);
  std::vector<std::string> postMortem(const std::string& instance);
  uint32_t pidOf(const std::string& instance);
  uint32_t restarts(const std::string& instance);
  std::string address(const std::string& instance, const std::string& listener);
  admin::Admin::Client& admin() { return *client; }
  kj::WaitScope& scope() { return io.waitScope; }
  kj::Timer& timer() { return io.provider->getTimer(); }
  capnp::Response<admin::Admin::ReloadResults> reload();

  // Fails the test if it does not become true within 20 s.
  void eventually(const std::string& what, std::function<bool()> condition);
  void eventuallyActive(const std::string& instance);
  // Lines that the host has written so far.
  std::string output() const;

  pid_t pid() const { return process; }
  void signal(int number);
  // Waits for its end: exit code, or -signal.
  int join();
  const std::string& folder() const { return dir.path(); }

  // One connection to a TCP address: everything that is sent until its end.
  std::string readFrom(const std::string& address);

 private:
  maitred::testing::TemporaryDirectory dir;
  std::string isolation;
  kj::AsyncIoContext& io;  // one for all: a thread has one loop
  pid_t process = 0;
  kj::Own<kj::AsyncIoStream> connection;
  kj::Own<capnp::TwoPartyClient> rpc;
  std::optional<admin::Admin::Client> client;

  void spawn();
  bool tryConnect();
};

bool processExists(pid_t pid);

}  // namespace maitred::host::test
