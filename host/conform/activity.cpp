#include "activity.h"

#include <maitred/schema/backend.capnp.h>

namespace maitred::host::conform {

namespace {
constexpr kj::Duration answerWait = 500 * kj::MILLISECONDS;  // who knows what the listener speaks
}

void Activity::something() {
  ++count;
  auto piece = kj::evalNow([this]() { return draw(); }).catch_([](kj::Exception&&) {});
  KJ_IF_MAYBE (former, underWay) {
    auto both = kj::heapArrayBuilder<kj::Promise<void>>(2);
    both.add(kj::mv(*former));
    both.add(kj::mv(piece));
    underWay = kj::joinPromises(both.finish()).eagerlyEvaluate(nullptr);
  } else {
    underWay = piece.eagerlyEvaluate(nullptr);
  }
}

void Activity::settle() {
  KJ_IF_MAYBE (promise, underWay) {
    auto all = kj::mv(*promise);
    underWay = nullptr;
    life.await(kj::mv(all));
  }
}

kj::Promise<void> Activity::draw() {
  switch (trial.below(4)) {
    case 0:
      return life.plugin().metricsRequest().send().ignoreResult();
    case 1:
      return sameConfig();
    case 2:
      KJ_IF_MAYBE (backend, life.provided(capnp::typeId<backend::Backend>())) {
        return backend->castAs<backend::Backend>().infoRequest().send().ignoreResult();
      }
      return request();
    default:
      return request();
  }
}

kj::Promise<void> Activity::request() {
  const auto& ports = life.listening().ports();
  if (ports.empty()) return life.asking().ignoreResult();
  auto port = ports[trial.below(ports.size())].second;
  return connectTo(trial, port).then([](kj::Own<kj::AsyncIoStream> stream) {
    static constexpr char text[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    auto written = stream->write(text, sizeof text - 1);
    auto answered = written.then([&stream = *stream]() { return stream.readAllText(4 << 20); });
    return answered.ignoreResult().attach(kj::mv(stream));
  }).exclusiveJoin(trial.timer().afterDelay(answerWait));
}

kj::Promise<void> Activity::sameConfig() {
  auto request = life.plugin().reconfigureRequest();
  auto config = trial.subject.instance().config();
  if (!config.isNull()) request.initConfig().set(config);
  return request.send().ignoreResult();
}

}  // namespace maitred::host::conform
