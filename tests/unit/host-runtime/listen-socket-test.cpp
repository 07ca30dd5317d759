// The host's sockets: every form of an address that `check` lets pass, and what each fault says.
#include "host/config/address.h"
#include "host/runtime/listen-socket.h"

#include <maitred/testing/harness.h>

#include <gmock/gmock.h>

#include <fstream>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace maitred::host {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string faultOf(const std::string& address) {
  std::string text;
  KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() { ListenSocket socket(address); })) {
    text = e->getDescription().cStr();
  }
  return text;
}

TEST(ListenSocket, TellsThePortThatTheSystemChose) {
  ListenSocket socket("127.0.0.1:0");
  EXPECT_THAT(socket.boundTo(), StartsWith("127.0.0.1:"));
  EXPECT_NE(socket.boundTo(), "127.0.0.1:0");
}

TEST(ListenSocket, BindsWhatTheCheckLetsPass) {
  for (const char* address : {"127.0.0.1:0", "localhost:0", "*:0"}) {
    EXPECT_EQ(addressFault(address), "");
    EXPECT_EQ(faultOf(address), "") << address;
  }
  EXPECT_NE(addressFault("host.example:0"), "");
  EXPECT_THAT(faultOf("host.example:0"), HasSubstr("cannot listen on host.example:0"));
}

TEST(ListenSocket, NamesAnAddressInUseAndWhatToDo) {
  ListenSocket first("127.0.0.1:0");
  auto fault = faultOf(first.boundTo());
  EXPECT_THAT(fault, HasSubstr("cannot listen on " + first.boundTo()));
  EXPECT_THAT(fault, HasSubstr("end what listens there, or choose another address"));
}

TEST(ListenSocket, WhetherAnAddressIsTakenDisturbsNobody) {
  std::string address;
  {
    ListenSocket first("127.0.0.1:0");
    address = first.boundTo();
    EXPECT_TRUE(isTaken(address));
  }
  EXPECT_FALSE(isTaken(address));
  ListenSocket again(address);
  EXPECT_FALSE(isTaken("127.0.0.1:0"));
  EXPECT_FALSE(isTaken("unix:/run/some.sock"));
}

TEST(ListenSocket, AddressIsFreeAgainWhenItIsGone) {
  std::string address;
  { address = ListenSocket("127.0.0.1:0").boundTo(); }
  EXPECT_EQ(ListenSocket(address).boundTo(), address);
}

class UnixListenSocket : public ::testing::Test {
 protected:
  maitred::testing::TemporaryDirectory folder;
  std::string path = folder.path() + "/s";
};

TEST_F(UnixListenSocket, RemovesItsFile) {
  { ListenSocket socket("unix:" + path); }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(UnixListenSocket, ReplacesOneThatNobodyAnswersOn) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof name.sun_path) << "TMPDIR is too long for a socket";
  memcpy(name.sun_path, path.data(), path.size());
  int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(left, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  close(left);
  EXPECT_EQ(faultOf("unix:" + path), "");
}

TEST_F(UnixListenSocket, LeavesOneInUseAndForeignFilesAlone) {
  ListenSocket first("unix:" + path);
  EXPECT_THAT(faultOf("unix:" + path), HasSubstr("somebody else listens on this socket"));
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  std::string file = folder.path() + "/file";
  std::ofstream(file) << "mine";
  EXPECT_THAT(faultOf("unix:" + file), HasSubstr("no socket"));
  EXPECT_THAT(faultOf("unix:" + std::string(200, 'x')), HasSubstr("at most 107 bytes"));
}

TEST(ListenKey, TellsFreePortsApartByTheirOwner) {
  Instance a, b;
  a.name = "a";
  b.name = "b";
  Listener fixed{"rest", "127.0.0.1:80", false}, chosen{"rest", "127.0.0.1:0", false};
  EXPECT_EQ(listenKey(a, fixed), listenKey(b, fixed));
  EXPECT_NE(listenKey(a, chosen), listenKey(b, chosen));
  EXPECT_EQ(listenKey(a, {"rest", "127.0.0.1:8080", false}), "127.0.0.1:8080");
}

}  // namespace
}  // namespace maitred::host
