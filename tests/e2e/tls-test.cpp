// TLS on everything that listens, with a client that is not ours, and certificates that change.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <sys/stat.h>

namespace maitred::e2e {
namespace {

using testing::writeFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TlsSystem : public ::testing::TestWithParam<const char*> {
 protected:
  System system{options()};

  static System::Options options() {
    System::Options options;
    options.isolation = GetParam();
    options.tls = true;
    return options;
  }
  std::string at(const char* name) const { return system.folder() + "/" + name; }
  // curl, without the user's own settings; -f: a status of 400 and above is a failure.
  Outcome curl(std::vector<std::string> words) {
    std::vector<std::string> all{"/usr/bin/curl", "-q", "-sS", "-f", "--max-time", "20"};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  }
  Outcome trusting(const std::string& url) { return curl({"--cacert", at("ca.pem"), url}); }
  std::string metrics() { return system.send({"GET", system.hostUrl() + "/metrics", {}, ""}).body; }
  void issue(int64_t notAfter) {
    testing::writeServerFiles(system.folder(), system.authority(), {.notAfter = notAfter});
  }
};

TEST_P(TlsSystem, CurlIsServedWhatItVerifies) {
  system.start();
  for (auto url : {system.restUrl() + "/info", system.hostUrl() + "/healthz",
                   system.hostUrl() + "/metrics"}) {
    EXPECT_EQ(trusting(url).exitCode, 0) << url;
    EXPECT_EQ(curl({url}).exitCode, 60) << "the authority is not the system's";
    EXPECT_EQ(curl({"--cacert", at("ca.pem"), "--tls-max", "1.1", url}).exitCode, 35);
    EXPECT_NE(curl({"http" + url.substr(5)}).exitCode, 0) << "no falling back to plain text";
  }
  EXPECT_EQ(trusting(system.filesUrl() + "/files/browse").exitCode, 22) << "an answer, if a 400";
  EXPECT_THAT(trusting(system.restUrl() + "/info").out, HasSubstr("\"leader-url\":\"https://"));
  EXPECT_THAT(curl({"-v", "--cacert", at("ca.pem"), system.restUrl() + "/info"}).out,
              HasSubstr("server accepted http/1.1"));
}

TEST_P(TlsSystem, TheCommandLineWorksFromSubmissionToOutput) {
  system.start();
  auto submitted = system.maitred({"cook", "submit", "echo by https"});
  ASSERT_EQ(submitted.exitCode, 0) << submitted.out;
  std::string uuid = submitted.out.substr(0, submitted.out.find('\n'));
  EXPECT_EQ(system.maitred({"cook", "wait", uuid}).exitCode, 0);
  auto logs = system.maitred({"cook", "logs", uuid});
  EXPECT_EQ(logs.exitCode, 0);
  EXPECT_EQ(logs.out, "by https\n") << "from the files endpoint, by TLS as well";
  EXPECT_THAT(system.job(uuid)["instances"][0]["output_url"].get<std::string>(),
              HasSubstr(system.filesUrl()));
  auto untrusted = run({std::string(std::getenv("MAITRED_BINARY_DIR")) + "/bin/maitred", "cook",
                        "pools", "--url", system.restUrl()});
  EXPECT_THAT(untrusted.out, HasSubstr("certificate verify failed"));
}

// New connections all the while, as certificates come and go: not one of them fails.
TEST_P(TlsSystem, ANewCertificateUnderLoadCostsNoRequest) {
  system.start();
  std::atomic<bool> enough{false};
  std::atomic<int> good{0};
  std::string failure;
  std::thread load([&]() {
    auto io = kj::setupAsyncIo();
    http::ClientOptions trust;
    trust.tls = std::make_shared<tls::Connector>(tls::ConnectorFiles{at("ca.pem"), "", ""});
    http::Client client(io.provider->getNetwork(), io.provider->getTimer(), trust);
    while (!enough && failure.empty()) {
      KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&]() {
                     auto answer = client.get(system.restUrl() + "/pools").wait(io.waitScope);
                     if (answer.status != 200) failure = std::to_string(answer.status);
                   })) {
        failure = problem->getDescription().cStr();
      }
      ++good;
    }
  });
  for (int64_t expiry : {4000000001, 4000000002, 4000000003, 4000000004}) {
    issue(expiry);
    if (expiry % 2 == 0) {
      EXPECT_EQ(system.ctl({"reload"}).exitCode, 0);
    }
    auto line = "_certificate_expiry_seconds{instance=\"cook\"} " + std::to_string(expiry);
    system.eventually("the queue took it", [&]() {
      return metrics().find(line) != std::string::npos;
    });
    int seen = good;
    system.eventually("some requests", [&]() { return good > seen + 5 || !failure.empty(); });
  }
  enough = true;
  load.join();
  EXPECT_EQ(failure, "");
  EXPECT_THAT(metrics(), AllOf(HasSubstr("maitred_host_certificate_expiry_seconds 4000000004\n"),
                               HasSubstr("maitred_local_certificate_ok{instance=\"local\"} 1\n")));
}

TEST_P(TlsSystem, ABadCertificateKeepsTheGoodOneAndSaysSo) {
  system.start();
  writeFile(at("key.pem"), system.authority().issue().key);
  auto refused = system.ctl({"reload"});   // the host's own files are part of its configuration
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.out, HasSubstr("is not the one of"));
  auto message = [&]() { return system.status("cook")["message"].get<std::string>(); };
  system.eventually("health tells of it",
                    [&]() { return message().find("is not the one of") != std::string::npos; });
  EXPECT_EQ(trusting(system.restUrl() + "/info").exitCode, 0);
  EXPECT_TRUE(system.ready()) << "it still serves";
  EXPECT_THAT(metrics(), HasSubstr("maitred_cook_certificate_ok{instance=\"cook\"} 0\n"));
  EXPECT_THAT(system.log(), HasSubstr("the former certificate stays in use"));
  issue(4000000009);
  system.eventually("health is well again", [&]() { return message().empty(); });
}

TEST_P(TlsSystem, CheckNamesTheFileAndThePlace) {
  auto check = [&]() {
    return system.maitred({"check", at("maitred.yaml")});
  };
  EXPECT_EQ(check().exitCode, 0) << check().out;
  chmod(at("key.pem").c_str(), 0644);
  auto shared = check();
  EXPECT_EQ(shared.exitCode, 2);
  EXPECT_THAT(shared.out, AllOf(HasSubstr("maitred.yaml:5:"),
                                HasSubstr("everybody on this machine"),
                                HasSubstr("chmod o= ")));
  system.editConfig(", tls: { certificate: cert.pem, key: key.pem } }", " }");   // the host's
  EXPECT_THAT(check().out, AllOf(HasSubstr("plugin \"cook\", http.tls.key: everybody"),
                                 HasSubstr("plugin \"local\", http.tls.key: everybody")));
  issue(1'000'000'000);
  EXPECT_THAT(check().out, HasSubstr("expired at 2001-09-09"));
  system.editConfig("certificate: cert.pem", "certificate: none.pem");
  EXPECT_THAT(check().out, HasSubstr("none.pem cannot be read: No such file"));
}

// From plain to TLS and back, while it runs.
TEST_P(TlsSystem, AReloadSwitchesTheQueue) {
  std::string tls = "{ one_user: operator }, tls: { certificate: cert.pem, key: key.pem }";
  system.editConfig(tls, "{ one_user: operator }");
  system.start();
  std::string plain = "http" + system.restUrl().substr(5) + "/info";
  EXPECT_EQ(curl({plain}).exitCode, 0);
  system.editConfig("{ one_user: operator }", tls);
  EXPECT_EQ(system.ctl({"reload"}).exitCode, 0);
  EXPECT_EQ(trusting(system.restUrl() + "/info").exitCode, 0);
  EXPECT_NE(curl({plain}).exitCode, 0);
}

INSTANTIATE_TEST_SUITE_P(Isolation, TlsSystem, ::testing::Values("process", "inline"),
                         [](auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace maitred::e2e
