// What a plugin may ask of its host: only what its manifest needs.
#include "host/runtime/host-services.h"

#include <capnp/message.h>
#include <kj/async-io.h>
#include <maitred/schema/leadership.capnp.h>
#include <maitred/testing/harness.h>

#include <gmock/gmock.h>

#include <fstream>

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

}  // namespace
}  // namespace maitred::host
