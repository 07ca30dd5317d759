#include "command.h"

#include "core/plain-words.h"
#include "posix.h"
#include "start-failure.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::local {

namespace {

enum class Step : int { limits, account, sandbox };  // in this order
struct Trouble {
  Step step;
  int error;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// What execve() takes, made beforehand so that the child has little left to do.
struct Program {
  std::vector<std::string> arguments, variables;

  explicit Program(Launch::Reader launch) {
    auto command = launch.getCommand();
    if (command.isShell()) {
      std::string text(command.getShell().cStr());
      arguments = plainWords(text).value_or(std::vector<std::string>{"/bin/sh", "-c", text});
    } else {
      for (auto argument : command.getArgv()) arguments.emplace_back(argument.cStr());
    }
    for (auto variable : launch.getEnvironment()) {
      variables.push_back(std::string(variable.getName().cStr()) + "=" +
                          variable.getValue().cStr());
    }
  }

  [[noreturn]] void become() {
    auto argv = pointers(arguments);
    auto envp = pointers(variables);
    environ = envp.data();  // so that the task's own PATH is searched
    execvp(argv[0], argv.data());
    int error = errno;
    std::string text = errnoText("maitred: cannot execute " + arguments[0], error) + "\n";
    if (write(STDERR_FILENO, text.data(), text.size()) < 0) _exit(125);
    _exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
  }
};

// Returns only on failure.
Trouble enter(Launch::Reader launch, const Folders& folders) {
  if (!becomeAccount(launch.getAccount())) return {Step::account, errno};
  if (fchdir(folders.sandbox) != 0) return {Step::sandbox, errno};
  // Reachable by its path too, since HOME says it.
  if (access(folders.sandboxPath.c_str(), X_OK) != 0) return {Step::sandbox, errno};
  return {Step::sandbox, 0};
}

StartFailure failureOf(const Trouble& trouble, Launch::Reader launch, const Folders& folders) {
  std::string account(launch.getAccount().getName().cStr());
  switch (trouble.step) {
    case Step::limits:
      return {backend::Reason::INFRASTRUCTURE,
              errnoText("cannot put the task into its control group", trouble.error)};
    case Step::account:
      return {backend::Reason::UNAUTHORIZED,
              errnoText("cannot become the account '" + account + "'", trouble.error)};
    case Step::sandbox:
      break;
  }
  return {backend::Reason::SANDBOX_FAILED,
          errnoText("the account '" + account + "' cannot enter " + folders.sandboxPath,
                    trouble.error) +
              " (every folder above it must be searchable for it)"};
}

// What happens between vfork() and execve(). It leaves nothing behind in the memory that it shares
// with the shim but `trouble`, `environ`, and what a program that cannot be executed has allocated.
struct Child {
  Launch::Reader launch;
  const Folders& folders;
  Cgroup& cgroup;
  Program& program;
  int out, err;
  pid_t shim;
  Trouble trouble;

  [[noreturn]] __attribute__((noinline)) void run() {
    setsid();
    if (!cgroup.join()) trouble.error = errno;
    if (trouble.error == 0) trouble = enter(launch, folders);
    if (trouble.error != 0) _exit(125);
    // Without its shim nobody would hold its limits or know its end.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != shim) _exit(125);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    cleanChild(3, -1);
    program.become();
  }
};

}  // namespace

void cleanChild(int first, int keep) {
  // Every signal has its default action already: since the spawner's start nobody has set another.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (keep > first) close_range(unsigned(first), unsigned(keep - 1), 0);
  close_range(unsigned(keep >= first ? keep + 1 : first), ~0U, 0);
}

pid_t startCommand(Launch::Reader launch, Folders& folders, Cgroup& cgroup) {
  Program program(launch);
  lookAtOutputs(launch, folders);
  Child child{launch,      folders,  cgroup, program, folders.out,
              folders.err, getpid(), {Step::limits, 0}};
  char** ours = environ;
  // Not fork(): copying what is mapped here costs more than most short commands do. The child runs
  // in our memory, and we stand still, until it has executed its program or is gone.
  pid_t pid = vfork();
  if (pid == 0) child.run();
  int error = errno;
  environ = ours;
  folders.out = nullptr;
  folders.err = nullptr;
  if (pid < 0) {
    throw StartFailure{backend::Reason::INFRASTRUCTURE, errnoText("cannot fork", error)};
  }
  if (child.trouble.error != 0) {
    waitpid(pid, nullptr, 0);
    throw failureOf(child.trouble, launch, folders);
  }
  return pid;
}

void becomeProbeCommand(Launch::Reader launch, const Folders& folders) {
  Program program(launch);
  program.arguments = {"/bin/sh", "-c", std::string(launch.getProbe().getTarget().cStr())};
  setpgid(0, 0);
  if (enter(launch, folders).error != 0) _exit(125);
  cleanChild(3, -1);
  program.become();
}

}  // namespace maitred::local
