#pragma once
// Takes messages out of the outbox and to the receiver, some at a time, and waits longer and longer
// while it fails.

#include "outbox.h"
#include "settings.h"

#include <maitred/context.h>
#include <maitred/http/client.h>

#include <memory>
#include <random>

namespace webhook_plugin {

class Sender final {
 public:
  // Starts at once. `gone` is called when messages have left the outbox.
  Sender(maitred::Context& context, Outbox& outbox, const Settings& settings,
         kj::Function<void()> gone);
  KJ_DISALLOW_COPY(Sender);

  void wake();                            // there are new messages
  void change(const Settings& settings);  // from the next request on; throws if `ca` is no good
  kj::Promise<void> stop();    // begins nothing more; resolves when nothing is under way
  kj::String trouble() const;  // for health(); empty if nothing is wrong

 private:
  // What one request needs. A change of config makes a new one; requests under way keep theirs.
  struct Line {
    Settings settings;
    maitred::http::Client client;
  };

  maitred::Async<void> run();
  maitred::Async<bool> round();  // whether there was something to send
  maitred::Async<Outcome> attempt(std::shared_ptr<Line> line, Message message);
  kj::Promise<void> pause();
  void judge(const std::vector<std::pair<int64_t, Outcome>>& outcomes);

  maitred::Context& context;
  Outbox& outbox;
  kj::Function<void()> gone;
  maitred::metrics::Counter &sent, &failed;
  std::shared_ptr<Line> line;
  std::minstd_rand random;

  std::string fault;                      // of the latest attempt that failed
  uint32_t failures = 0;                  // rounds in a row in which the receiver took nothing
  kj::Maybe<kj::TimePoint> awaySince;
  bool stopping = false, resting = false;
  kj::Own<kj::PromiseFulfiller<void>> waker;
  kj::ForkedPromise<void> loop;  // last: it uses all of the above
};

}  // namespace webhook_plugin
