#pragma once
// Completions: tells other plugins of attempts that have ended. Nobody waits for them: one call is
// under way, and what ends meanwhile goes into the next.

#include "extension-calls.h"

#include <core/book.h>

#include <maitred/schema/queue-extensions.capnp.h>

#include <deque>

namespace maitred::cook {

class Completions final : private kj::TaskSet::ErrorHandler {
 public:
  // So many can wait to be told; of more the oldest are not.
  static constexpr std::size_t WAITING_MOST = 100'000;

  Completions(ExtensionCalls& calls, const Book& book,
              std::vector<Provider<queue::CompletionHandler>> providers);
  KJ_DISALLOW_COPY(Completions);

  void setDeadline(std::int64_t value) { deadlineMs = value; }
  std::vector<std::string> instances() const;

  // Something of these instances has become durable: those that are over are told.
  void written(const std::vector<Uuid>& ids);

 private:
  ExtensionCalls& calls;
  const Book& book;
  std::vector<Provider<queue::CompletionHandler>> providers;
  std::int64_t deadlineMs = 10'000;
  std::deque<Uuid> waiting;
  bool busy = false, overflows = false;
  kj::TaskSet tasks;

  void pump();
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace maitred::cook
