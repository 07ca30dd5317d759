#include "system.h"

#include <kj/debug.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::e2e {
namespace {

using Clock = std::chrono::steady_clock;

std::string executable() {
  return std::string(std::getenv("MAITRED_BINARY_DIR")) + "/bin/maitred";
}

kj::AsyncIoContext& loop() {  // one a thread, for all tests of the program
  static auto* io = new kj::AsyncIoContext(kj::setupAsyncIo());
  return *io;
}

bool canListen(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  kj::AutoCloseFd closer(fd);
  int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(fd, 1) == 0;
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Replaces the child's stdio and the program.
[[noreturn]] void become(const std::vector<std::string>& words, int in, int out) {
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  signal(SIGPIPE, SIG_DFL);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

int exitCodeOf(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

uint16_t freePort() {
  constexpr int first = 20'000, parts = 150, size = 64;
  static int next = 0;
  for (int tries = 0; tries < size; ++tries) {
    auto port = static_cast<uint16_t>(first + getpid() % parts * size + next++ % size);
    if (canListen(port)) return port;
  }
  return testing::listenOnLoopback().port;
}

Outcome run(const std::vector<std::string>& words, const std::string& input, kj::Duration most) {
  testing::TemporaryDirectory directory;
  std::string inPath = directory.path() + "/in";
  std::string outPath = directory.path() + "/out";
  std::ofstream(inPath) << input;
  int in = open(inPath.c_str(), O_RDONLY | O_CLOEXEC);
  int out = open(outPath.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  pid_t child = fork();
  KJ_REQUIRE(child >= 0);
  if (child == 0) become(words, in, out);
  close(in);
  close(out);
  int status = 0;
  auto deadline = Clock::now() + std::chrono::seconds(most / kj::SECONDS);
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() > deadline) {
      ADD_FAILURE() << "did not end in time: " << words[0] << " " << words[1];
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // polls for the child's end
  }
  return {exitCodeOf(status), contents(outPath)};
}

System::System(Options given)
    : options(std::move(given)),
      io(loop()),
      listening{freePort(), freePort(), freePort()} {
  if (options.tls) {
    testing::writeServerFiles(folder(), issuer);
    clientOptions.tls =
        std::make_shared<tls::Connector>(tls::ConnectorFiles{folder() + "/ca.pem", "", ""});
  }
  writeConfig();
}

System::~System() noexcept {
  if (process > 0) kill9();
}

std::string System::url(uint16_t port) const {
  return (options.tls ? "https" : "http") + ("://127.0.0.1:" + std::to_string(port));
}

void System::writeConfig() {
  std::string tls = options.tls ? "tls: { certificate: cert.pem, key: key.pem }" : "";
  std::string andTls = options.tls ? ", " + tls : "";
  std::ofstream(folder() + "/maitred.yaml")
      << "host:\n  state: ./state\n  isolation: " << options.isolation << "\n  plugin_path: ["
      << std::getenv("MAITRED_BINARY_DIR") << "/lib/maitred-test]"
      << "\n  http: { listen: \"127.0.0.1:" << listening.host << "\"" << andTls << " }\n"
      << options.hostExtra << "plugins:\n"
      << "  - name: local\n    library: maitred-local\n"
      << "    listen: { files: \"127.0.0.1:" << listening.files << "\" }\n"
      << options.localExtra
      << "    config:\n      nodes: { kitchen: { resources: { cpus: " << options.cpus
      << ", mem: 8GiB } } }\n      run_as: host\n      allow_root: true\n      limits: watch\n"
      << "      http: { " << tls << " }\n"
      << "  - name: cook\n    library: maitred-cook\n    uses: { backends: [local] }\n"
      << "    listen: { rest: \"127.0.0.1:" << listening.rest << "\" }\n"
      << options.cookExtra << "    config:\n      policies: { fairness: " << options.policy
      << " }\n"
      << "      http: { auth: { one_user: operator }" << andTls << " }\n"
      << "      admins: [operator]\n      impersonators: [operator]\n"
      << "      shares: { default: { cpus: 1, mem: 1GiB } }\n"
      << options.extraPlugins;
}

void System::editConfig(const std::string& from, const std::string& to) {
  std::string text = contents(folder() + "/maitred.yaml");
  size_t at = text.find(from);
  KJ_REQUIRE(at != std::string::npos, "not in the config", from.c_str());
  std::ofstream(folder() + "/maitred.yaml") << text.replace(at, from.size(), to);
}

void System::start() {
  launch();
  eventually("the host is ready", [&]() {
    if (waitpid(process, nullptr, WNOHANG) != 0) {
      process = 0;
      KJ_FAIL_REQUIRE("the host has ended", log().c_str());
    }
    return ready();
  });
}

void System::launch() {
  std::string path = folder() + "/log";
  int out = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  process = fork();
  KJ_REQUIRE(process >= 0);
  if (process == 0) {
    become(commandLine(), in, out);
  }
  close(in);
  close(out);
}

http::ClientResponse System::send(http::ClientRequest request) {
  http::Client client(io.provider->getNetwork(), io.provider->getTimer(), clientOptions);
  return client.send(std::move(request)).wait(io.waitScope);
}

std::string System::program() const {
  if (!options.package.empty()) return options.package + "/usr/bin/maitred";
  return options.program.empty() ? executable() : options.program;
}

std::vector<std::string> System::commandLine() const {
  if (options.package.empty() && options.shipped.empty()) {
    return {program(), "run", "--config", folder() + "/maitred.yaml"};
  }
  std::string config = options.shipped.empty()
                           ? options.package + "/etc/maitred/maitred.yaml"
                           : std::getenv("MAITRED_SOURCE_DIR") + ("/" + options.shipped);
  auto loopback = [](uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
  return {program(),
          "run",
          config,
          "--set=host.state=" + folder() + "/state",
          "--set=host.http.listen=" + loopback(listening.host),
          "--set=plugins.local.listen.files=" + loopback(listening.files),
          "--set=plugins.local.config.run_as=host",
          "--set=plugins.local.config.allow_root=true",
          "--set=plugins.cook.listen.rest=" + loopback(listening.rest)};
}

bool System::ready(std::string* why) {
  http::ClientResponse answer;
  KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&]() {
                 answer = send({"GET", hostUrl() + "/readyz", {}, ""});
               })) {
    answer.body = problem->getDescription().cStr();
  }
  if (why != nullptr) *why = answer.body;
  return answer.status == 200;
}

void System::kill9() {
  ::kill(process, SIGKILL);
  waitpid(process, nullptr, 0);
  process = 0;
}

int System::terminate() {
  ::kill(process, SIGTERM);
  return join();
}

int System::join() {
  int status = 0;
  eventually("the host has ended", [&]() { return waitpid(process, &status, WNOHANG) == process; });
  process = 0;
  return exitCodeOf(status);
}

Outcome System::maitred(std::vector<std::string> words, const std::string& input) {
  words.insert(words.begin(), program());
  if (words[1] == "cook") {
    words.insert(words.begin() + 3, {"--url", restUrl()});
    if (options.tls) words.insert(words.begin() + 3, {"--ca-file", folder() + "/ca.pem"});
  }
  return run(words, input);
}

Outcome System::ctl(std::vector<std::string> words) {
  words.insert(words.begin(), "ctl");
  words.insert(words.end(), {"--socket", folder() + "/state/admin.sock"});
  return maitred(words);
}

json System::status(const std::string& instance) {
  auto outcome = ctl({"status", "--json"});
  json all = json::parse(outcome.out, nullptr, false);
  KJ_REQUIRE(all.is_object(), "ctl status --json", outcome.out.c_str());
  for (auto& one : all["instances"]) {
    if (one["name"] == instance) return one;
  }
  KJ_FAIL_REQUIRE("no such instance in the status", instance.c_str());
}

http::ClientResponse System::rest(const std::string& method, const std::string& path,
                                  const std::string& body, const std::string& user) {
  http::ClientRequest request;
  request.method = method;
  request.url = restUrl() + path;
  request.body = body;
  request.headers.emplace_back("Content-Type", "application/json");
  if (!user.empty()) request.headers.emplace_back("X-Cook-Impersonate", user);
  return send(std::move(request));
}

http::ClientResponse System::get(const std::string& url) {
  http::ClientRequest request;
  request.method = "GET";
  request.url = url;
  return send(std::move(request));
}

std::string System::metrics() {
  return get(hostUrl() + "/metrics").body;
}

unsigned System::submit(const std::string& user, const json& jobs, std::string* body) {
  http::ClientResponse response;
  KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&]() {
                 response = rest("POST", "/jobs", json({{"jobs", jobs}}).dump(), user);
               })) {
    if (body != nullptr) *body = problem->getDescription().cStr();
    return 0;
  }
  if (body != nullptr) *body = response.body;
  return response.status;
}

json System::job(const std::string& uuid) {
  auto response = rest("GET", "/jobs/" + uuid);
  KJ_REQUIRE(response.status == 200, response.status, response.body.c_str());
  return json::parse(response.body);
}

json System::waitFor(const std::vector<std::string>& uuids, kj::Duration most) {
  json jobs = json::array();
  eventually(
      "all jobs are completed",
      [&]() {
        jobs = json::array();
        for (auto& uuid : uuids) {
          jobs.push_back(job(uuid));
          if (jobs.back()["status"] != "completed") return false;
        }
        return true;
      },
      most);
  return jobs;
}

void System::eventually(const std::string& what, std::function<bool()> condition,
                        kj::Duration most) {
  auto& timer = io.provider->getTimer();
  auto deadline = timer.now() + most;
  while (!condition()) {
    if (timer.now() > deadline) {
      ADD_FAILURE() << "in vain waited for: " << what << "\n" << log();
      KJ_FAIL_REQUIRE("timeout", what.c_str());
    }
    timer.afterDelay(20 * kj::MILLISECONDS).wait(io.waitScope);
  }
}

std::string System::log() const {
  return contents(folder() + "/log");
}

json job(const std::string& command, double cpus) {
  static std::mt19937_64 random(std::random_device{}());
  char uuid[40];
  std::snprintf(uuid, sizeof(uuid), "%08x-%04x-4%03x-8%03x-%012llx",
                static_cast<unsigned>(random()), static_cast<unsigned>(random() & 0xffff),
                static_cast<unsigned>(random() & 0xfff), static_cast<unsigned>(random() & 0xfff),
                static_cast<unsigned long long>(random() & 0xffffffffffffull));
  return {{"uuid", uuid}, {"command", command}, {"cpus", cpus}, {"mem", 64}, {"max_retries", 3}};
}

std::vector<std::string> uuidsOf(const json& jobs) {
  std::vector<std::string> out;
  for (auto& one : jobs) out.push_back(one["uuid"]);
  return out;
}

}  // namespace maitred::e2e
