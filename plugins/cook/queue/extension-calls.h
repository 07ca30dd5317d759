#pragma once
// ExtensionCalls: how other plugins are asked. Every call has a deadline; one that fails or is late
// has said nothing, which is counted, and logged when it begins and when it ends.

#include <core/types.h>

#include <maitred/log.h>
#include <maitred/metrics.h>

#include <kj/async.h>
#include <kj/debug.h>
#include <kj/timer.h>

#include <map>
#include <span>
#include <string>
#include <vector>

namespace maitred::cook {

// An instance that provides one of the interfaces in queue-extensions.capnp.
template <typename Interface>
struct Provider {
  std::string instance;
  typename Interface::Client client;
};

using JobPointers = std::vector<const JobSpec*>;

class ExtensionCalls {
 public:
  ExtensionCalls(kj::Timer& timer, log::Logger& log, metrics::Registry& metrics)
      : timer(timer), log(log), metrics(metrics) {}
  KJ_DISALLOW_COPY(ExtensionCalls);

  // `point` is the requirement's name in the manifest. Resolves in any case; nothing: it failed.
  template <typename T>
  kj::Promise<kj::Maybe<T>> ask(const char* point, const std::string& instance,
                                std::int64_t deadlineMs, kj::Promise<T> call) {
    auto late = timer.afterDelay(deadlineMs * kj::MILLISECONDS).then([deadlineMs]() -> T {
      kj::throwFatalException(
          KJ_EXCEPTION(OVERLOADED, kj::str("no answer within ", deadlineMs, " ms")));
    });
    return call.exclusiveJoin(kj::mv(late))
        .then(
            [this, point, instance](T&& answer) -> kj::Maybe<T> {
              answered(point, instance);
              return kj::mv(answer);
            },
            [this, point, instance](kj::Exception&& exception) -> kj::Maybe<T> {
              failed(point, instance, exception.getDescription());
              return nullptr;
            });
  }

  // The same for many jobs, some at a time: `send` begins the call for a part of them and resolves
  // with as many answers. The deadline is that of all together.
  template <typename Answer, typename Send>
  kj::Promise<kj::Maybe<std::vector<Answer>>> askAll(const char* point,
                                                     const std::string& instance,
                                                     std::int64_t deadlineMs,
                                                     const JobPointers& jobs, Send&& send) {
    std::vector<JobPointers> parts = partsOf(jobs);
    auto calls = kj::heapArrayBuilder<kj::Promise<std::vector<Answer>>>(parts.size());
    for (const JobPointers& part : parts) {
      calls.add(send(part).then([count = part.size()](std::vector<Answer>&& answers) {
        KJ_REQUIRE(answers.size() == count, "not as many answers as jobs", answers.size(), count);
        return kj::mv(answers);
      }));
    }
    auto all = kj::joinPromises(calls.finish()).then([](kj::Array<std::vector<Answer>>&& parts) {
      std::vector<Answer> joined;
      for (auto& part : parts) {
        joined.insert(joined.end(), std::make_move_iterator(part.begin()),
                      std::make_move_iterator(part.end()));
      }
      return joined;
    });
    return ask<std::vector<Answer>>(point, instance, deadlineMs, kj::mv(all));
  }

  // Those whose latest call has failed, and why; empty: none.
  std::string trouble() const;
  // For the operator: what a provider said and was not done.
  void note(const std::string& text) { log.warning(text.c_str()); }
  // From the start on, so that no first failure is missed.
  void announce(const char* point, const std::string& instance);

 private:
  kj::Timer& timer;
  log::Logger& log;
  metrics::Registry& metrics;
  std::map<std::pair<std::string, std::string>, std::string> failing;  // by point and instance

  // By number and size of what the contract allows in one call.
  static std::vector<JobPointers> partsOf(const JobPointers& jobs);
  metrics::Counter& calls(const char* point, const std::string& instance, const char* outcome);
  void answered(const char* point, const std::string& instance);
  void failed(const char* point, const std::string& instance, kj::StringPtr why);
};

}  // namespace maitred::cook
