#pragma once
// Sees when a policy's file has changed, so that an edited policy is in force without a word from
// the operator. Files are looked at once a second, off the loop.

#include "policies.h"

#include <kj/timer.h>

namespace maitred::cook {

class PolicyWatch final {
 public:
  // `files` tells what is in force; `changed` reads it again. Both are called on the loop.
  PolicyWatch(kj::Timer& timer, std::function<PolicyFiles()> files,
              std::function<kj::Promise<void>()> changed);
  KJ_DISALLOW_COPY(PolicyWatch);

 private:
  kj::Promise<void> look();

  kj::Timer& timer;
  std::function<PolicyFiles()> files;
  std::function<kj::Promise<void>()> changed;
  PolicyFiles seen;
  std::string stamp;  // of the files as they were last seen
  kj::Promise<void> loop;
};

}  // namespace maitred::cook
