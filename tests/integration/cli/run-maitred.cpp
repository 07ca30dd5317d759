#include "run-maitred.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace maitred::host::test {

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

[[noreturn]] void becomeProgram(const std::vector<std::string>& words, const RunSettings& settings,
                                const TempFolder& streams) {
  auto redirect = [](const std::string& path, int flags, int target) {
    int fd = open(path.c_str(), flags, 0600);
    if (fd < 0 || dup2(fd, target) < 0) _exit(126);
    close(fd);
  };
  redirect(streams / "in", O_RDONLY, 0);
  redirect(streams / "out", O_WRONLY | O_CREAT | O_TRUNC, 1);
  redirect(streams / "err", O_WRONLY | O_CREAT | O_TRUNC, 2);
  if (chdir(settings.folder.c_str()) != 0) _exit(126);
  for (const auto& [name, value] : settings.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

}  // namespace

Outcome runProgram(const std::vector<std::string>& words, const RunSettings& settings) {
  TempFolder streams;
  streams.write("in", settings.input);
  pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) becomeProgram(words, settings, streams);
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(settings.seconds);
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  Outcome outcome;
  outcome.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = read(streams / "out");
  outcome.err = read(streams / "err");
  return outcome;
}

std::string maitredExecutable() {
  const char* build = getenv("MAITRED_BINARY_DIR");
  if (build == nullptr)
    throw std::runtime_error("MAITRED_BINARY_DIR is not set; run it with ctest");
  return std::string(build) + "/bin/maitred";
}

std::string probeFolder() {
  return std::string(getenv("MAITRED_BINARY_DIR")) + "/tests/integration/cli/plugins";
}

Outcome maitred(std::vector<std::string> words, RunSettings settings) {
  words.insert(words.begin(), maitredExecutable());
  settings.environment.emplace("MAITRED_PLUGIN_PATH", probeFolder());
  return runProgram(words, settings);
}

}  // namespace maitred::host::test
