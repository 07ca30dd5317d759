// The files that a task wants before its start: copied, fetched over HTTP, unpacked.
#include "certificates.h"
#include "world.h"

#include <maitred/http/server.h>
#include <maitred/testing/harness.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local::test {
namespace {

using backend::Reason;
using backend::TaskState;

// An HTTP server on the loop of the world that fetches from it.
class Origin {
 public:
  explicit Origin(World& world) {
    http::Router router;
    router.on("GET", "/*path", [this](http::Request& request) -> kj::Promise<http::Response> {
      ++requests;
      auto path = request.path;
      if (auto to = redirects.find(path); to != redirects.end()) {
        return http::Response::text(302, "").with("Location", to->second);
      }
      if (path == "/never") return kj::Promise<http::Response>(kj::NEVER_DONE);
      if (path == "/held") {
        return held.promise.addBranch().then([]() { return http::Response::text(200, "held"); });
      }
      auto file = files.find(path);
      if (file == files.end()) return http::Response::text(404, "none");
      return http::Response::text(200, file->second);
    });
    auto listening = testing::listenOnLoopback();
    url = "http://127.0.0.1:" + std::to_string(listening.port);
    server = kj::heap<http::Server>(world.io.provider->getTimer(), kj::systemPreciseCalendarClock(),
                                    http::Limits(), kj::mv(router), http::oneUser("anybody"));
    server->listen(world.io.lowLevelProvider->wrapListenSocketFd(
        kj::mv(listening.fd), kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC));
  }

  // https from now on, with the certificate in that folder.
  void secure(World& world, const std::string& folder) {
    server->setTls(kj::heap<tls::Acceptor>(
        world.io.provider->getTimer(), kj::systemPreciseCalendarClock(),
        tls::Files{folder + "/cert.pem", folder + "/key.pem", ""}));
    url.replace(0, 4, "https");
  }

  std::map<std::string, std::string> files, redirects;
  std::string url;
  int requests = 0;
  struct Held {  // what /held waits for
    kj::PromiseFulfillerPair<void> pair = kj::newPromiseAndFulfiller<void>();
    kj::ForkedPromise<void> promise = pair.promise.fork();
  } held;

 private:
  kj::Own<http::Server> server;
};

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() : settings(settingsFor(temp.path + "/work")) {}

  // A compressed archive of what the shell command makes in an empty folder.
  std::string archive(const std::string& make, const std::string& pack = "tar -czf ../a.tgz .") {
    std::string folder = temp.path + "/packed";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    EXPECT_EQ(system(("cd " + folder + " && " + make + " && " + pack).c_str()), 0);
    return contents(temp.path + "/a.tgz");
  }
  static World::Fill from(std::string location, bool extract = false) {
    return [location, extract](auto spec) {
      auto uri = spec.initUris(1)[0];
      uri.setLocation(location);
      uri.setExtract(extract);
    };
  }
  static void expectFailed(const backend::Status& status, const std::string& text) {
    EXPECT_EQ(status.state, TaskState::FAILED);
    EXPECT_EQ(status.reason, Reason::FETCH_FAILED) << status.message;
    EXPECT_FALSE(status.commandStarted);
    EXPECT_NE(status.message.find(text), std::string::npos) << status.message;
  }

  TempFolder temp;
  Settings settings;
};

TEST_F(FetchTest, FilesAreCopiedMarkedAndUnpacked) {
  std::ofstream(temp.path + "/tool") << "#!/bin/sh\necho tool\n";
  std::filesystem::create_directory(temp.path + "/d");
  std::ofstream(temp.path + "/d/inner") << "inner\n";
  ASSERT_EQ(system(("tar -C " + temp.path + " -czf " + temp.path + "/a.tar.gz d").c_str()), 0);
  World world(settings);
  world.launch("t", "./tool && cat d/inner && ls", [&](auto spec) {
    auto uris = spec.initUris(2);
    uris[0].setLocation(temp.path + "/tool");
    uris[0].setExecutable(true);
    uris[1].setLocation("file://" + temp.path + "/a.tar.gz");
    uris[1].setExtract(true);
  });
  EXPECT_EQ(world.end("t").exitCode, 0) << world.end("t").message;
  EXPECT_EQ(world.output("t"), "tool\ninner\na.tar.gz\nd\nstderr\nstdout\ntool\n");
}

TEST_F(FetchTest, FailureNamesTheUriAndStartsNothing) {
  World world(settings);
  world.launch("t", "echo ran",
               [&](auto spec) { spec.initUris(1)[0].setLocation(temp.path + "/absent"); });
  auto status = world.end("t");
  EXPECT_EQ(status.reason, Reason::FETCH_FAILED);
  EXPECT_FALSE(status.commandStarted);
  EXPECT_NE(status.message.find("/absent"), std::string::npos);
  EXPECT_EQ(world.output("t"), "");
}

TEST_F(FetchTest, Http_ArchiveIsFetchedAndUnpacked) {
  World world(settings);
  Origin origin(world);
  origin.files["/pack.tar.gz"] = archive("mkdir d && echo inner > d/inner && chmod 4755 d/inner");
  origin.files["/data"] = std::string(300'000, 'x');
  origin.redirects["/moved"] = "/data";
  auto refusal =
      world.launch("t", "cat d/inner; stat -c %a d/inner; wc -c < named/data; ls", [&](auto spec) {
        auto uris = spec.initUris(2);
        uris[0].setLocation(origin.url + "/pack.tar.gz?version=3#top");
        uris[0].setExtract(true);
        uris[1].setLocation(origin.url + "/moved");
        uris[1].setOutputFile("named/data");
      });
  ASSERT_FALSE(refusal) << refusal->message;
  EXPECT_EQ(world.end("t").exitCode, 0) << world.end("t").message;
  EXPECT_EQ(world.output("t"), "inner\n755\n300000\nd\nnamed\npack.tar.gz\nstderr\nstdout\n");
  EXPECT_EQ(origin.requests, 3);
}

TEST_F(FetchTest, Http_AnErrorIsNoFile) {
  World world(settings);
  Origin origin(world);
  world.launch("t", "true", from(origin.url + "/absent"));
  auto status = world.end("t");
  expectFailed(status, origin.url + "/absent");
  expectFailed(status, "404");
}

TEST_F(FetchTest, Http_RedirectsLeadNowhereElse) {
  World world(settings);
  Origin origin(world);
  std::ofstream(temp.path + "/secret") << "secret";
  origin.redirects["/file"] = "file://" + temp.path + "/secret";
  origin.redirects["/loop"] = "/loop";
  world.launch("file", "cat *", from(origin.url + "/file"));
  expectFailed(world.end("file"), "/file");
  EXPECT_EQ(contents(world.sandboxOf("file") + "/file"), "");
  world.launch("loop", "true", from(origin.url + "/loop"));
  expectFailed(world.end("loop"), "/loop");
}

TEST_F(FetchTest, ArchiveThatLeadsOutOfTheSandbox_IsRefused) {
  World world(settings);
  Origin origin(world);
  std::string target = temp.path + "/outside";
  std::filesystem::create_directory(target);
  origin.files["/up.tgz"] =
      archive("echo x > evil", "tar -czPf ../a.tgz --transform s,^,../../,S evil");
  origin.files["/link.tgz"] =
      archive("ln -s " + target + " way && mkdir real && echo x > real/evil",
              "tar -czPf ../a.tgz way --transform s,^real,way, real/evil");
  for (std::string name : {"up", "link"}) {
    world.launch(name, "true", from(origin.url + "/" + name + ".tgz", true));
    expectFailed(world.end(name), "cannot unpack");
    EXPECT_FALSE(std::filesystem::exists(world.sandboxOf(name) + "/../../evil"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(target));
}

TEST_F(FetchTest, TooLarge_AsAFileOverHttpOrUnpacked) {
  settings.uriBytesMax = 50'000;
  World world(settings);
  Origin origin(world);
  std::ofstream(temp.path + "/big") << std::string(100'000, 'x');
  origin.files["/big"] = std::string(100'000, 'x');
  origin.files["/bomb.tgz"] = archive("head -c 10000000 /dev/zero > zeros");
  ASSERT_LT(origin.files["/bomb.tgz"].size(), 50'000u);
  world.launch("file", "true", from(temp.path + "/big"));
  expectFailed(world.end("file"), "larger than");
  world.launch("http", "true", from(origin.url + "/big"));
  expectFailed(world.end("http"), "larger than");
  world.launch("bomb", "true", from(origin.url + "/bomb.tgz", true));
  expectFailed(world.end("bomb"), "larger than");
}

TEST_F(FetchTest, TooSlow_IsEndedAtItsLimit) {
  settings.uriTimeoutMs = 300;
  World world(settings);
  Origin origin(world);
  world.launch("slow", "true", from(origin.url + "/never"));
  expectFailed(world.end("slow"), "took longer than 300 ms");
}

TEST_F(FetchTest, KillEndsTheFetching) {
  World world(settings);
  Origin origin(world);
  world.launch("t", "true", from(origin.url + "/never"));
  world.waitUntil([&]() { return origin.requests == 1; }, "the request");
  world.kill("t", 60'000);
  auto status = world.end("t");
  EXPECT_EQ(status.state, TaskState::KILLED);
  EXPECT_FALSE(status.commandStarted);
}

// While files are fetched the sandbox is the account's already, and the shim is still the host's.
class PlantedOutputTest : public FetchTest {
 protected:
  PlantedOutputTest() {
    if (geteuid() == 0) settings.runAs = {RunAs::Kind::submitter, "", "", false};
    std::ofstream(victim) << "not the task's";
    std::filesystem::permissions(victim, std::filesystem::perms(0600));
  }
  // How a task ends in whose fetching somebody has removed stdout and does `plant`.
  backend::Status endAfter(const std::function<void(const std::string& stdoutPath)>& plant) {
    World world(settings);
    Origin origin(world);
    auto refusal = world.launch("t", "echo spoilt", from(origin.url + "/held"));
    EXPECT_FALSE(refusal) << refusal->message;
    world.waitUntil([&]() { return origin.requests == 1; }, "the request");
    auto path = world.sandboxOf("t") + "/stdout";
    std::filesystem::remove(path);
    plant(path);
    origin.held.pair.fulfiller->fulfill();
    return world.end("t");
  }
  void expectUntouched() {
    EXPECT_EQ(contents(victim), "not the task's");
    struct stat facts;
    ASSERT_EQ(stat(victim.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_uid, geteuid());
  }
  static void expectRefused(const backend::Status& status) {
    EXPECT_EQ(status.reason, Reason::SANDBOX_FAILED) << status.message;
    EXPECT_FALSE(status.commandStarted);
    EXPECT_NE(status.message.find("stdout"), std::string::npos) << status.message;
  }

  std::string victim = temp.path + "/victim";
};

TEST_F(PlantedOutputTest, SecondNameOfAFile_IsNotWrittenToNorGivenAway) {
  expectRefused(endAfter([&](auto& path) { EXPECT_EQ(link(victim.c_str(), path.c_str()), 0); }));
  expectUntouched();
}

TEST_F(PlantedOutputTest, FileThatWasMovedThere_IsNotWrittenToNorGivenAway) {
  if (geteuid() != 0) GTEST_SKIP() << "needs a file of another account";
  std::string planted;
  expectRefused(endAfter([&](auto& path) {
    std::filesystem::rename(victim, path);
    planted = path;
  }));
  victim = planted;
  expectUntouched();
}

TEST_F(PlantedOutputTest, Link_IsNotFollowed) {
  expectRefused(endAfter([&](auto& path) { std::filesystem::create_symlink(victim, path); }));
  expectUntouched();
}

TEST_F(PlantedOutputTest, Pipe_HoldsNobodyUp) {
  expectRefused(endAfter([&](auto& path) { EXPECT_EQ(mkfifo(path.c_str(), 0666), 0); }));
}

TEST_F(PlantedOutputTest, PipeWithAReader_IsRefusedToo) {
  kj::AutoCloseFd reader;
  expectRefused(endAfter([&](auto& path) {
    EXPECT_EQ(mkfifo(path.c_str(), 0666), 0);
    reader = kj::AutoCloseFd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }));
}

TEST_F(FetchTest, OutputGoesOnInAFileOfThatNameThatWasFetched) {
  if (geteuid() == 0) settings.runAs = {RunAs::Kind::submitter, "", "", false};
  World world(settings);
  Origin origin(world);
  origin.files["/a.tgz"] = archive("echo packed > stdout");
  origin.files["/stderr"] = "fetched\n";
  world.launch("t", "echo written; echo likewise >&2", [&](auto spec) {
    auto uris = spec.initUris(2);
    uris[0].setLocation(origin.url + "/a.tgz");
    uris[0].setExtract(true);
    uris[1].setLocation(origin.url + "/stderr");
  });
  EXPECT_EQ(world.end("t").exitCode, 0) << world.end("t").message;
  EXPECT_EQ(world.output("t"), "packed\nwritten\n");
  EXPECT_EQ(world.output("t", "stderr"), "fetched\nlikewise\n");
}

TEST_F(FetchTest, ArchiveThatIsNone_IsTold) {
  World world(settings);
  Origin origin(world);
  origin.files["/a.tgz"] = "this is no archive";
  world.launch("t", "true", from(origin.url + "/a.tgz", true));
  expectFailed(world.end("t"), "cannot unpack a.tgz");
}

TEST_F(FetchTest, HttpsIsVerified) {
  maitred::testing::Authority authority;
  maitred::testing::writeServerFiles(temp.path, authority);
  std::filesystem::permissions(temp.path, std::filesystem::perms(0755));
  settings.uriCaFile = temp.path + "/ca.pem";
  {
    World world(settings);
    Origin origin(world);
    origin.secure(world, temp.path);
    origin.files["/f"] = "by https";
    world.launch("trusted", "cat f", from(origin.url + "/f"));
    EXPECT_EQ(world.end("trusted").state, TaskState::SUCCEEDED);
    EXPECT_EQ(world.output("trusted"), "by https");
  }
  settings.uriCaFile.clear();   // the system's authorities, who do not know this one
  settings.workFolder += "2";
  World world(settings);
  Origin origin(world);
  origin.secure(world, temp.path);
  origin.files["/f"] = "by https";
  world.launch("untrusted", "cat f", from(origin.url + "/f"));
  expectFailed(world.end("untrusted"), "certificate");
}

}  // namespace
}  // namespace maitred::local::test
