// Any bytes on the admin socket: the connection ends when they do, and the next one is served.
//
// What the requests mean is left to a made-up host, so that no input changes anything.

#include "host/admin/admin-server.h"
#include "host/log/logs.h"
#include "tests/unit/host-admin/fake-control.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <cstdlib>

namespace {

using namespace maitred::host;
namespace admin = maitred::admin;

void require(bool holds) {
  if (!holds) std::abort();
}

kj::Promise<void> discard(kj::AsyncInputStream& stream, kj::ArrayPtr<kj::byte> scratch) {
  return stream.tryRead(scratch.begin(), 1, scratch.size()).then([&stream, scratch](size_t got) {
    return got == 0 ? kj::Promise<void>(kj::READY_NOW) : discard(stream, scratch);
  });
}

// Everything is sent, everything is taken that comes back.
void talk(admin::Admin::Client service, kj::ArrayPtr<const kj::byte> bytes, kj::WaitScope& wait) {
  auto pipe = kj::newTwoWayPipe();
  auto& end = *pipe.ends[1];
  bool over = false;
  auto served = AdminServer::serve(kj::mv(pipe.ends[0]), kj::mv(service))
                    .then([&]() { over = true; }, [&](kj::Exception&&) { over = true; })
                    .eagerlyEvaluate(nullptr);
  auto scratch = kj::heapArray<kj::byte>(4096);
  auto reading = discard(end, scratch).eagerlyEvaluate([](kj::Exception&&) {});
  auto writing = end.write(bytes.begin(), bytes.size())
                     .then([&]() { end.shutdownWrite(); }, [](kj::Exception&&) {})
                     .eagerlyEvaluate([](kj::Exception&&) {});
  wait.poll();
  require(over);
}

void askProperly(admin::Admin::Client service, kj::WaitScope& wait) {
  auto pipe = kj::newTwoWayPipe();
  auto served = AdminServer::serve(kj::mv(pipe.ends[0]), kj::mv(service)).eagerlyEvaluate(nullptr);
  capnp::TwoPartyClient client(*pipe.ends[1]);
  auto status = client.bootstrap().castAs<admin::Admin>().statusRequest().send().wait(wait);
  require(status.getStatus().getPid() == 77);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* loop = new kj::EventLoop;
  static auto* wait = new kj::WaitScope(*loop);
  static auto* control = new test::FakeControl;
  static auto* logs = new Logs({.file = "/dev/null"});
  static auto* service = new admin::Admin::Client(AdminServer::make(*control, *logs));
  talk(*service, kj::arrayPtr(data, size), *wait);
  askProperly(*service, *wait);
  return 0;
}
