#include "completions.h"

#include "job-message.h"

namespace maitred::cook {
namespace {

constexpr std::size_t TOLD_AT_ONCE = 500;
constexpr std::size_t BYTES_AT_ONCE = 256 * 1024;

void writeEnded(const Book::Found& found, queue::EndedInstance::Builder out) {
  writeCandidate(found.job->spec, out.initCandidate());
  writeInstance(*found.instance, out.initInstance());
  out.setJobCompleted(found.job->state == JobState::completed);
}

}  // namespace

Completions::Completions(ExtensionCalls& calls, const Book& book,
                         std::vector<Provider<queue::CompletionHandler>> its)
    : calls(calls), book(book), providers(std::move(its)), tasks(*this) {
  for (const auto& one : providers) calls.announce("completion_handlers", one.instance);
}

std::vector<std::string> Completions::instances() const {
  std::vector<std::string> names;
  for (const auto& one : providers) names.push_back(one.instance);
  return names;
}

void Completions::written(const std::vector<Uuid>& ids) {
  if (providers.empty()) return;
  for (const Uuid& id : ids) {
    auto found = book.findTask(id);
    if (found && found.instance->over()) waiting.push_back(id);
  }
  if (waiting.size() > WAITING_MOST) {
    waiting.erase(waiting.begin(),
                  waiting.begin() + static_cast<std::ptrdiff_t>(waiting.size() - WAITING_MOST));
    if (!overflows) calls.note("completion handlers are too slow: not every end is told");
    overflows = true;
  }
  pump();
}

void Completions::pump() {
  if (busy || waiting.empty()) return;
  std::vector<Book::Found> part;
  std::size_t bytes = 0;
  while (!waiting.empty() && part.size() < TOLD_AT_ONCE && bytes < BYTES_AT_ONCE) {
    auto found = book.findTask(waiting.front());
    waiting.pop_front();
    if (!found) continue;  // forgotten meanwhile
    bytes += bytesInMessage(found.job->spec);
    part.push_back(found);
  }
  if (part.empty()) return;
  auto told = kj::heapArrayBuilder<kj::Promise<void>>(providers.size());
  for (auto& provider : providers) {
    auto request = provider.client.completedRequest();
    auto list = request.initInstances(static_cast<unsigned>(part.size()));
    for (unsigned i = 0; i < list.size(); ++i) writeEnded(part[i], list[i]);
    auto call = request.send().then([](auto&&) { return true; });
    told.add(calls.ask<bool>("completion_handlers", provider.instance, deadlineMs, kj::mv(call))
                 .ignoreResult());
  }
  busy = true;
  tasks.add(kj::joinPromises(told.finish()).then([this] {
    busy = false;
    overflows = overflows && !waiting.empty();
    pump();
  }));
}

void Completions::taskFailed(kj::Exception&& exception) {
  busy = false;
  calls.note(std::string("completion handlers: ") + exception.getDescription().cStr());
}

}  // namespace maitred::cook
