// The child's side of the suite: one check, told to the parent line by line.
#include "suite.h"
#include "trial.h"

#include "host/config/names.h"

#include <kj/debug.h>
#include <nlohmann/json.hpp>

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace maitred::host::conform {

namespace {

class Report {
 public:
  // The plugin and its workers do not inherit it.
  explicit Report(int descriptor) : descriptor(descriptor) {
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }

  void step(std::string text) {
    for (char& c : text) c = c == '\n' ? ' ' : c;
    line("step " + text);
  }
  void done(const Verdict& verdict) {
    nlohmann::json json = {{"result", static_cast<int>(verdict.result)},
                           {"reason", verdict.reason}};
    using Handler = nlohmann::json::error_handler_t;
    line("done " + json.dump(-1, ' ', false, Handler::replace));
  }

 private:
  void line(std::string text) {
    text += '\n';
    for (size_t at = 0; at < text.size();) {
      ssize_t written = ::write(descriptor, text.data() + at, text.size() - at);
      if (written < 0) _exit(1);  // nobody listens any more
      at += static_cast<size_t>(written);
    }
  }
  int descriptor;
};

Verdict verdictOf(const OneOptions& options, Report& report) {
  const Check* check = checkNamed(options.check);
  std::string doing;
  try {
    KJ_REQUIRE(check != nullptr, "no such check", options.check.c_str());
    report.step("reading the plugin and its config");
    Subject subject(options.subject);
    TrialOptions trialOptions{.isolation = options.isolation,
                              .seed = options.seed,
                              .patience = options.patience};
    trialOptions.onStep = [&](const std::string& text) {
      doing = text;
      report.step(text);
    };
    Trial trial(subject, options.check, trialOptions);
    return {Result::passed, check->run(trial)};
  } catch (const Failed& failed) {
    return {Result::failed, failed.reason};
  } catch (const NotApplicable& reason) {
    return {Result::notApplicable, reason.reason};
  } catch (const kj::Exception& exception) {
    return {Result::failed, doing + ": " + exception.getDescription().cStr()};
  } catch (const std::exception& exception) {
    return {Result::failed, doing + ": " + exception.what()};
  }
}

}  // namespace

int runOne(const OneOptions& options) {
  signal(SIGXFSZ, SIG_IGN);
  Report report(options.report);
  // Whatever relative path the plugin thinks of lies in the folder of this check.
  KJ_SYSCALL(chdir(options.subject.scratch.c_str()));
  auto verdict = verdictOf(options, report);
  report.done(verdict);
  // Without the destructors of what the plugin left in this process: the verdict stands.
  _exit(0);
}

}  // namespace maitred::host::conform
