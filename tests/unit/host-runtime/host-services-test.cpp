// What a plugin may ask of its host: only what its manifest needs.
#include "host/runtime/host-services.h"

#include <capnp/message.h>
#include <kj/async-io.h>
#include <maitred/offload.h>
#include <maitred/schema/leadership.capnp.h>
#include <maitred/testing/harness.h>

#include <gmock/gmock.h>

#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>

namespace maitred::host {
namespace {

using ::testing::HasSubstr;
using Capability = manifest::HostCapability;

class HostServicesTest : public ::testing::Test {
 public:
  ~HostServicesTest() noexcept override {}

 protected:
  HostServices& services(std::initializer_list<Capability> needs) {
    auto list = message.initRoot<manifest::Manifest>().initNeeds(needs.size());
    size_t i = 0;
    for (auto need : needs) list.set(i++, need);
    return *(made = kj::heap<HostServices>(list.asReader(), folder.path() + "/state"));
  }
  template <typename Request>
  std::string faultOf(Request&& request) {
    std::string text;
    KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() { request.send().wait(io.waitScope); })) {
      text = kj::str(e->getType(), ": ", e->getDescription()).cStr();
    }
    return text;
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  maitred::testing::TemporaryDirectory folder;
  capnp::MallocMessageBuilder message;
  kj::Own<HostServices> made;
};

TEST_F(HostServicesTest, GrantsOnlyWhatIsNeeded) {
  auto host = makeHost(services({}));
  EXPECT_THAT(faultOf(host.stateRequest()), HasSubstr("`needs`"));
  EXPECT_THAT(faultOf(host.leadershipRequest()), HasSubstr("`needs`"));
  EXPECT_NE(access((folder.path() + "/state").c_str(), F_OK), 0) << "nothing is made for nobody";
}

TEST_F(HostServicesTest, LeadsAlways) {
  auto host = makeHost(services({Capability::LEADERSHIP}));
  auto leadership = host.leadershipRequest().send().wait(io.waitScope).getLeadership();
  auto current = leadership.currentRequest().send().wait(io.waitScope);
  EXPECT_TRUE(current.getLeading());
  EXPECT_EQ(current.getFence(), 0u);

  auto unchanged = leadership.whenChangedRequest();
  unchanged.setSeenLeading(true);
  auto waiting = unchanged.send();
  EXPECT_FALSE(waiting.poll(io.waitScope)) << "there is nothing that could change";

  auto outdated = leadership.whenChangedRequest();
  outdated.setSeenLeading(false);
  outdated.send().wait(io.waitScope);
}

TEST_F(HostServicesTest, StateIsReadOnceForAllWhoAsk) {
  auto host = makeHost(services({Capability::STATE}));
  auto first = host.stateRequest().send(), second = host.stateRequest().send();
  auto put = first.wait(io.waitScope).getState().putRequest();
  put.setKey("k");
  put.setValue(kj::StringPtr("v").asBytes());
  put.send().wait(io.waitScope);
  auto get = second.wait(io.waitScope).getState().getRequest();
  get.setKey("k");
  EXPECT_TRUE(get.send().wait(io.waitScope).getFound());
}

TEST_F(HostServicesTest, StateThatCannotBeReadIsTriedAgain) {
  std::string path = folder.path() + "/state";
  std::ofstream(path) << "no folder";
  auto host = makeHost(services({Capability::STATE}));
  EXPECT_THAT(faultOf(host.stateRequest()), HasSubstr("the host's state"));
  unlink(path.c_str());
  EXPECT_EQ(faultOf(host.stateRequest()), "");
}

// The pool's threads, each of them busy until this is dropped.
class BusyPool {
 public:
  BusyPool() {
    for (int i = 0; i < 4; ++i) {
      maitred::detail::runOnPool([state = state]() {
        std::unique_lock lock(state->mutex);
        state->changed.wait(lock, [&]() { return state->over; });
      });
    }
  }
  ~BusyPool() {
    std::lock_guard lock(state->mutex);
    state->over = true;
    state->changed.notify_all();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
  };
  std::shared_ptr<State> state = std::make_shared<State>();
};

// A thread of the pool would otherwise answer to a loop that is no more.
TEST(HostServices, ReadingEndsWithTheLoopThatAskedForIt) {
  maitred::testing::TemporaryDirectory folder;
  {
    BusyPool busy;
    auto io = kj::setupAsyncIo();
    capnp::MallocMessageBuilder message;
    auto needs = message.initRoot<manifest::Manifest>().initNeeds(1);
    needs.set(0, Capability::STATE);
    HostServices services(needs.asReader(), folder.path() + "/state");
    auto asked = makeHost(services).stateRequest().send();
    EXPECT_FALSE(asked.poll(io.waitScope));
  }
  auto io = kj::setupAsyncIo();
  auto end = io.provider->getTimer().now() + 10 * kj::SECONDS;
  // The reading itself goes on once it has a thread, for nobody.
  while (access((folder.path() + "/state").c_str(), F_OK) != 0) {
    ASSERT_LT(io.provider->getTimer().now(), end);
    maitred::offload([]() {}).wait(io.waitScope);
  }
  for (int i = 0; i < 8; ++i) maitred::offload([]() {}).wait(io.waitScope);
}

}  // namespace
}  // namespace maitred::host
