// What keeps files from being used, in words that help.
#include "fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <sys/stat.h>

namespace maitred::tls {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using maitred::testing::writeFile;

class CertificateTest : public TlsTest {
 protected:
  ~CertificateTest() noexcept override {}
  static constexpr int64_t now = 1'800'000'000;

  std::vector<std::string> faults(const Files& given) {
    std::vector<std::string> texts;
    for (auto& fault : faultsIn(given, now)) {
      const char* field = fault.field == Fault::Field::certificate ? "certificate"
                          : fault.field == Fault::Field::key       ? "key"
                                                                   : "client_ca";
      texts.push_back(std::string(field) + ": " + fault.message + " | " + fault.hint);
    }
    return texts;
  }
  std::vector<std::string> faults() { return faults(files()); }
  void issue(const Wish& wish) { writeServerFiles(folder.path(), authority, wish); }
};

TEST_F(CertificateTest, GoodOnesHaveNone) {
  EXPECT_THAT(faults(), IsEmpty());
  EXPECT_THAT(faults({at("cert.pem"), at("key.pem"), at("ca.pem")}), IsEmpty());
  issue({.rsa = true});
  EXPECT_THAT(faults(), IsEmpty());
}

TEST_F(CertificateTest, AllAreReportedAtOnce) {
  EXPECT_THAT(faults({at("none"), at("nothing"), folder.path()}),
              ElementsAre(AllOf(HasSubstr("certificate: "), HasSubstr("none cannot be read: No")),
                          AllOf(HasSubstr("key: "), HasSubstr("nothing cannot be read")),
                          AllOf(HasSubstr("client_ca: "), HasSubstr("no regular file"))));
}

TEST_F(CertificateTest, Expired) {
  issue({.notAfter = now - 60});
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("expired at 2027-01-15 07:59:00 UTC")));
  issue({.notBefore = now + 60});
  EXPECT_THAT(faults(), ElementsAre(AllOf(HasSubstr("valid only from 2027-01-15 08:01:00 UTC"),
                                          HasSubstr("clock"))));
}

TEST_F(CertificateTest, AKeyOfAnother) {
  writeFile(at("key.pem"), authority.issue().key);
  EXPECT_THAT(faults(), ElementsAre(AllOf(HasSubstr("key: "), HasSubstr("is not the one of"),
                                          HasSubstr("cert.pem"))));
}

TEST_F(CertificateTest, AKeyThatEverybodyMayRead) {
  for (mode_t mode : {0604u, 0602u, 0644u}) {
    chmod(at("key.pem").c_str(), mode);
    EXPECT_THAT(faults(), ElementsAre(AllOf(HasSubstr("everybody on this machine"),
                                            HasSubstr("chmod o= ")))) << mode;
  }
  chmod(at("key.pem").c_str(), 0640);   // a group that may read keys is usual
  EXPECT_THAT(faults(), IsEmpty());
}

TEST_F(CertificateTest, AnEncryptedKeyAsksNobody) {
  auto key = maitred::testing::makeEllipticKey();
  FILE* file = fopen(at("key.pem").c_str(), "w");
  PEM_write_PrivateKey(file, key.get(), EVP_aes_128_cbc(),
                       reinterpret_cast<const unsigned char*>("word"), 4, nullptr, nullptr);
  fclose(file);
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("key.pem is encrypted")));
}

TEST_F(CertificateTest, WhatIsNoPem) {
  writeFile(at("cert.pem"), "hello");
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("cert.pem holds no PEM certificate")));
  auto issued = authority.issue();
  writeFile(at("cert.pem"), issued.certificate.substr(0, issued.certificate.size() / 2));
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("cert.pem holds a malformed certificate")));
  writeFile(at("cert.pem"), issued.certificate);
  writeFile(at("key.pem"), issued.certificate);
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("key.pem holds no usable PEM private key")));
  writeFile(at("key.pem"), std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("larger than 1 MiB")));
}

TEST_F(CertificateTest, ACertificateForClients) {
  issue({.extendedUsage = "clientAuth"});
  EXPECT_THAT(faults(), ::testing::Contains(HasSubstr("is not meant for servers")));
}

}  // namespace
}  // namespace maitred::tls
