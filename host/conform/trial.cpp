#include "trial.h"

#include "host/base/failure.h"

#include <sstream>

namespace maitred::host::conform {

namespace {

// Not std::hash, whose values differ between libraries: a seed is to mean the same everywhere.
uint64_t hashOf(const std::string& text) {
  uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

constexpr const char* lateText = "no answer within ";

kj::Promise<void> rounds(uint64_t count) {
  if (count == 0) return kj::READY_NOW;
  return kj::evalLater([count]() { return rounds(count - 1); });
}

}  // namespace

std::string shortTime(kj::Duration duration) {
  std::ostringstream out;
  if (duration < 1 * kj::MILLISECONDS) {
    out << duration / kj::MICROSECONDS << " us";
  } else if (duration < 10 * kj::SECONDS) {
    out << duration / kj::MILLISECONDS << " ms";
  } else {
    out << duration / kj::SECONDS << " s";
  }
  return out.str();
}

Trial::Trial(const Subject& subject, const std::string& check, TrialOptions options)
    : subject(subject),
      options(std::move(options)),
      random(this->options.seed ^ hashOf(check)),
      io(kj::setupAsyncIo()) {}

void Trial::step(std::string what) {
  current = std::move(what);
  options.onStep(current);
}

void Trial::fail(const std::string& how) const {
  throw Failed{current + ": " + how};
}

kj::Exception Trial::lateness(kj::Duration limit) {
  return failure(kj::Exception::Type::FAILED, lateText, shortTime(limit).c_str());
}

bool Trial::isLate(const kj::Exception& exception) {
  return exception.getDescription().startsWith(lateText);
}

void Trial::pause(kj::Duration duration) {
  timer().afterDelay(duration).wait(io.waitScope);
}

void Trial::turns(uint64_t count) {
  // Input is looked for in every round, as an idle loop would.
  io.waitScope.setBusyPollInterval(1);
  rounds(count).wait(io.waitScope);
}

}  // namespace maitred::host::conform
