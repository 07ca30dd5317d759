#include <maitred/gathered-stream.h>
#include <maitred/testing/harness.h>

#include <capnp/rpc-twoparty.h>
#include <kj/debug.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::testing {
namespace {

std::string joined(const std::vector<std::string>& paths) {
  std::string out;
  for (auto& path : paths) out += (out.empty() ? "" : ":") + path;
  return out;
}

// maitred_instance over strings that this object keeps.
struct InstanceArgs {
  InstanceArgs(const PluginUnderTest::Options& options, const std::string& state)
      : policyPath(joined(options.policyPath)) {
    for (auto& [name, fd] : options.listeners) listeners.push_back({name.c_str(), fd});
    args = {sizeof(args), options.instance.c_str(), state.c_str(),   policyPath.c_str(),
            "debug",      listeners.data(),         listeners.size()};
  }
  std::string policyPath;
  std::vector<maitred_listener> listeners;
  maitred_instance args;
};

void writeLine(void*, int level, const char* text, size_t length) {
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  std::fprintf(stderr, "%s: %.*s\n", kNames[level], static_cast<int>(length), text);
}

// The child runs serve() on a thread of its own: the forking thread may have an event loop already.
// It closes the host's end of the socket, or it would never see it hang up.
pid_t forkWorker(const maitred_plugin_entry& entry, const maitred_instance& instance, int hostFd,
                 int rpcFd) {
  pid_t pid = fork();
  KJ_REQUIRE(pid >= 0, "fork failed", strerror(errno));
  if (pid != 0) return pid;
  close(hostFd);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int status = 1;
  std::thread([&]() {
    maitred_serve_args args = {sizeof(args), &instance, rpcFd};
    status = entry.serve(&args);
  }).join();
  _exit(status);
}

}  // namespace

const char* name(Isolation isolation) {
  return isolation == Isolation::inlined ? "inline" : "process";
}

const maitred_plugin_entry& loadPlugin(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  KJ_REQUIRE(handle != nullptr, "cannot load the plugin", dlerror());
  auto* entry = static_cast<const maitred_plugin_entry*>(dlsym(handle, "maitred_plugin"));
  KJ_REQUIRE(entry != nullptr, "the library exports no symbol maitred_plugin", library);
  return *entry;
}

struct PluginUnderTest::Impl {
  Impl(kj::AsyncIoContext& io, Options given) : io(io), options(kj::mv(given)) {
    if (options.stateDirectory.empty()) {
      options.stateDirectory = temporary.emplace().path();
    }
    message.initRoot<capnp::AnyPointer>();
  }

  void connect() {
    auto& entry = loadPlugin(options.library);
    InstanceArgs instance(options, options.stateDirectory);
    if (options.isolation == Isolation::inlined) {
      openInline(entry, instance.args);
    } else {
      openProcess(entry, instance.args);
    }
  }

  void openInline(const maitred_plugin_entry& entry, const maitred_instance& instance) {
    capnp::Capability::Client client = nullptr;
    char error[512] = "";
    maitred_open_args args = {sizeof(args),      &instance,         io.lowLevelProvider.get(),
                              io.provider.get(), &io.unixEventPort, &client,
                              &writeLine,        nullptr,           error,
                              sizeof(error)};
    KJ_REQUIRE(entry.open(&args) == 0, "open() failed", error);
    plugin = client.castAs<plugin::Plugin>();
  }

  void openProcess(const maitred_plugin_entry& entry, const maitred_instance& instance) {
    int ends[2];
    KJ_SYSCALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    pid = forkWorker(entry, instance, ends[0], ends[1]);
    close(ends[1]);
    stream = gathered(io.lowLevelProvider->wrapSocketFd(
        ends[0], kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                     kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC));
    auto& rpc = client.emplace(*stream);
    plugin = rpc.bootstrap().castAs<plugin::Plugin>();
  }

  void end(bool killed) {
    provides.clear();
    grants.clear();
    plugin = nullptr;
    if (killed && pid != 0) ::kill(pid, SIGKILL);
    client = nullptr;
    stream = nullptr;
    if (pid != 0) waitpid(pid, nullptr, 0);
    pid = 0;
    io.waitScope.poll();
  }

  struct GrantTo {
    std::string requirement;
    std::string instance;
    uint64_t interfaceId;
    capnp::Capability::Client capability;
  };

  kj::AsyncIoContext& io;
  Options options;
  kj::Maybe<TemporaryDirectory> temporary;
  capnp::MallocMessageBuilder message;
  std::vector<GrantTo> grants;
  pid_t pid = 0;
  kj::Own<kj::AsyncIoStream> stream;
  kj::Maybe<capnp::TwoPartyClient> client;
  kj::Maybe<plugin::Plugin::Client> plugin;
  std::map<uint64_t, capnp::Capability::Client> provides;
};

PluginUnderTest::PluginUnderTest(kj::AsyncIoContext& io, Options options)
    : impl(kj::heap<Impl>(io, kj::mv(options))) {}

PluginUnderTest::~PluginUnderTest() noexcept(false) {
  impl->end(true);
}

capnp::MallocMessageBuilder& PluginUnderTest::configMessage() {
  return impl->message;
}
const std::string& PluginUnderTest::stateDirectory() const {
  return impl->options.stateDirectory;
}
int PluginUnderTest::processId() const {
  return impl->pid;
}

void PluginUnderTest::grant(std::string requirement, std::string instance, uint64_t interfaceId,
                            capnp::Capability::Client capability) {
  impl->grants.push_back({kj::mv(requirement), kj::mv(instance), interfaceId, kj::mv(capability)});
}

plugin::Plugin::Client& PluginUnderTest::client() {
  if (impl->plugin == nullptr) impl->connect();
  return KJ_ASSERT_NONNULL(impl->plugin);
}

void PluginUnderTest::start(bool activate) {
  auto request = client().startRequest();
  request.setHost(memoryHost());
  request.getConfig().set(impl->message.getRoot<capnp::AnyPointer>().asReader());
  auto grants = request.initGrants(impl->grants.size());
  for (size_t i = 0; i < impl->grants.size(); ++i) {
    grants[i].setRequirement(impl->grants[i].requirement.c_str());
    grants[i].setInstance(impl->grants[i].instance.c_str());
    grants[i].setInterfaceId(impl->grants[i].interfaceId);
    grants[i].setCapability(impl->grants[i].capability);
  }
  auto& waitScope = impl->io.waitScope;
  auto started = request.send().wait(waitScope);
  for (auto provided : started.getProvides()) {
    impl->provides.insert_or_assign(provided.getInterfaceId(), provided.getCapability());
  }
  if (activate) client().activateRequest().send().wait(waitScope);
}

capnp::Capability::Client PluginUnderTest::providedUntyped(uint64_t interfaceId) {
  auto found = impl->provides.find(interfaceId);
  KJ_REQUIRE(found != impl->provides.end(), "the plugin did not provide that interface");
  return found->second;
}

void PluginUnderTest::kill() {
  impl->end(true);
}

void PluginUnderTest::stop() {
  auto request = client().drainRequest();
  request.setDeadlineMs(10000);
  request.send().wait(impl->io.waitScope);
  impl->end(false);
}

Listening listenOnLoopback() {
  kj::AutoCloseFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  KJ_SYSCALL(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length));
  KJ_SYSCALL(listen(fd.get(), 511));
  KJ_SYSCALL(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length));
  return {kj::mv(fd), ntohs(address.sin_port)};
}

TemporaryDirectory::TemporaryDirectory() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base == nullptr ? "/tmp" : base) + "/maitred-test-XXXXXX";
  KJ_REQUIRE(mkdtemp(pattern.data()) != nullptr, "cannot make a temporary folder", strerror(errno));
  folder = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

}  // namespace maitred::testing
