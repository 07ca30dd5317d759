#include "sender.h"

#include "message.h"

#include <algorithm>

namespace webhook_plugin {

using maitred::Async;
namespace http = maitred::http;

namespace {

constexpr size_t answerMax = 1 << 20;  // bytes; what the receiver says is not used

// These say that this very body will never do. Any other status may pass, also 401 and 404:
// somebody will put the receiver right, and then nothing must be lost.
bool refusal(unsigned status) {
  return status == 400 || status == 413 || status == 415 || status == 422;
}

http::ClientOptions optionsOf(const Settings& settings) {
  http::ClientOptions options{.timeout = settings.timeout, .maxResponse = answerMax};
  if (!settings.ca.empty()) {
    maitred::tls::ConnectorFiles files;
    files.ca = settings.ca;
    options.tls = std::make_shared<maitred::tls::Connector>(files);
  }
  return options;
}

}  // namespace

Sender::Sender(maitred::Context& context, Outbox& outbox, const Settings& settings,
               kj::Function<void()> gone)
    : context(context),
      outbox(outbox),
      gone(kj::mv(gone)),
      sent(context.metrics().counter("webhook_sent_total", "Messages that the receiver took.")),
      failed(context.metrics().counter("webhook_failed_total", "Attempts that failed.")),
      random(std::random_device()()),
      loop(nullptr) {
  change(settings);
  loop = run().promise().fork();
}

void Sender::change(const Settings& settings) {
  line = std::make_shared<Line>(Line{
      settings, http::Client(context.io().getNetwork(), context.timer(), optionsOf(settings))});
}

// Not during a pause: new messages do not bring the receiver back.
void Sender::wake() {
  if (!resting && waker.get() != nullptr) waker->fulfill();
}

kj::Promise<void> Sender::stop() {
  stopping = true;
  if (waker.get() != nullptr) waker->fulfill();
  return loop.addBranch();
}

kj::String Sender::trouble() const {
  KJ_IF_MAYBE (since, awaySince) {
    auto lasted = context.timer().now() - *since;
    if (lasted >= line->settings.awayAfter) {
      return kj::str("the receiver has been away for ", lasted / kj::SECONDS, " s, ",
                     outbox.waiting(), " messages wait: ", fault);
    }
  }
  return kj::String();
}

Async<void> Sender::run() {
  while (!stopping) {
    bool busy = true;
    try {
      auto done = round();
      busy = co_await done;
    } catch (const kj::Exception& e) {
      // The store does not take it now. Messages stay as they are.
      fault = e.getDescription().cStr();
      ++failures;
      context.log().error("cannot keep account of messages: ", fault);
    }
    if (stopping) break;
    resting = failures > 0;
    if (busy && !resting) continue;
    auto woken = kj::newPromiseAndFulfiller<void>();
    waker = kj::mv(woken.fulfiller);
    auto next = resting ? woken.promise.exclusiveJoin(pause()) : kj::mv(woken.promise);
    co_await next;
  }
}

Async<bool> Sender::round() {
  auto taken = outbox.take(line->settings.parallel);
  auto messages = co_await taken;
  if (messages.empty()) {
    failures = 0;
    awaySince = nullptr;
    co_return false;
  }
  std::vector<std::pair<int64_t, Outcome>> outcomes;
  auto attempts = kj::heapArrayBuilder<kj::Promise<Outcome>>(messages.size());
  for (auto& message : messages) {
    outcomes.emplace_back(message.id, Outcome::away);
    attempts.add(attempt(line, std::move(message)));
  }
  auto joined = kj::joinPromises(attempts.finish());
  auto results = co_await joined;
  for (size_t i = 0; i < results.size(); ++i) outcomes[i].second = results[i];
  judge(outcomes);
  auto written = outbox.finish(std::move(outcomes));
  co_await written;
  gone();
  co_return true;
}

Async<Outcome> Sender::attempt(std::shared_ptr<Line> line, Message message) {
  http::ClientRequest request{.method = "POST", .url = line->settings.url, .body = message.body};
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Webhook-Event", message.event},
                     {"X-Webhook-Attempt", std::to_string(message.tries)}};
  if (!line->settings.secret.empty()) {
    request.headers.emplace_back("X-Webhook-Signature",
                                 signatureOf(line->settings.secret, message.body));
  }
  try {
    auto answered = line->client.send(std::move(request));
    auto response = co_await answered;
    if (response.status >= 200 && response.status < 300) {
      sent.add();
      co_return Outcome::sent;
    }
    fault = "it answers " + std::to_string(response.status);
    failed.add();
    if (refusal(response.status)) {
      context.log().error("the receiver refuses ", message.event, ": ", fault);
      co_return Outcome::refused;
    }
  } catch (const kj::Exception& e) {
    fault = e.getDescription().cStr();  // names the URL without its query
    failed.add();
  }
  co_return Outcome::away;
}

// A receiver that took anything is there, whatever it makes of the rest.
void Sender::judge(const std::vector<std::pair<int64_t, Outcome>>& outcomes) {
  bool answered = false, away = false;
  for (auto& [id, outcome] : outcomes) (outcome == Outcome::away ? away : answered) = true;
  if (answered) {
    if (failures > 0) context.log().info("the receiver takes messages again");
    awaySince = nullptr;
    failures = away ? 1 : 0;
    return;
  }
  ++failures;
  if (awaySince == nullptr) awaySince = context.timer().now();
  context.log().warning("the receiver is away, ", outbox.waiting(), " messages wait: ", fault);
}

// Doubles with each failure, up to the longest; somewhere in its upper half, so that several hosts
// do not come back at one moment.
kj::Promise<void> Sender::pause() {
  auto& settings = line->settings;
  auto pause = settings.retryFirst;
  for (uint32_t i = 1; i < failures && pause < settings.retryMost; ++i) pause *= 2;
  pause = std::min(pause, settings.retryMost);
  return context.timer().afterDelay(pause / 2 + pause / 2 * int64_t(random() % 1000) / 1000);
}

}  // namespace webhook_plugin
