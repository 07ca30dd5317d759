#include "policy-watch.h"

#include <maitred/offload.h>

#include <sys/stat.h>

namespace maitred::cook {
namespace {

// What differs when a file was written or replaced. A file that is not there has a stamp too.
std::string stampOf(const std::string& file) {
  struct stat facts;
  if (file.empty() || stat(file.c_str(), &facts) != 0) return "-";
  return std::to_string(facts.st_ino) + ":" + std::to_string(facts.st_size) + ":" +
         std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec);
}

}  // namespace

PolicyWatch::PolicyWatch(kj::Timer& timer, std::function<PolicyFiles()> files,
                         std::function<kj::Promise<void>()> changed)
    : timer(timer),
      files(std::move(files)),
      changed(std::move(changed)),
      loop(look().eagerlyEvaluate(nullptr)) {}

kj::Promise<void> PolicyWatch::look() {
  auto now = files();
  return offload([now] {
           return stampOf(now.fairness) + " " + stampOf(now.placement) + " " +
                  stampOf(now.preemption) + " " + stampOf(now.admission);
         })
      .then([this, now](std::string fresh) -> kj::Promise<void> {
        bool edited = now == seen && fresh != stamp;
        seen = now;
        stamp = std::move(fresh);
        return edited ? changed() : kj::READY_NOW;
      })
      .catch_([](kj::Exception&&) {})  // a full pool: the next look sees it
      .then([this] { return timer.afterDelay(1 * kj::SECONDS); })
      .then([this] { return look(); });
}

}  // namespace maitred::cook
