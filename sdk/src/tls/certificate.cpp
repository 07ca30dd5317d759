#include <maitred/tls/certificate.h>

#include "peer.h"
#include "pem.h"

#include <kj/io.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::tls {

namespace {

constexpr size_t longestFile = 1 << 20;

BioPtr memory(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int64_t unixTime(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return timegm(&parts);
}

// Nothing for a text with a NUL in it, which reads otherwise to other programs.
std::string utf8(const ASN1_STRING* value) {
  unsigned char* bytes = nullptr;
  int size = ASN1_STRING_to_UTF8(&bytes, value);
  if (size < 0) return "";
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return text.find('\0') == text.npos ? text : "";
}

std::string commonNameOf(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return "";
  return utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
}

void addNames(X509* certificate, PeerCertificate& peer) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
    int type = 0;
    auto* value = static_cast<ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type));
    std::vector<std::string>* list = type == GEN_EMAIL ? &peer.emails
                                     : type == GEN_DNS ? &peer.dnsNames
                                     : type == GEN_URI ? &peer.uris
                                                       : nullptr;
    if (list == nullptr) continue;
    std::string text = utf8(value);
    if (!text.empty()) list->push_back(std::move(text));
  }
  GENERAL_NAMES_free(names);
}

}  // namespace

std::string timeText(int64_t unixSeconds) {
  time_t seconds = unixSeconds;
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text;
}

std::optional<std::string> readPem(const std::string& path, std::string& fault, bool* shared) {
  kj::AutoCloseFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts;
  if (fd.get() < 0 || fstat(fd, &facts) != 0) {
    fault = path + " cannot be read: " + strerror(errno);
    return std::nullopt;
  }
  if (!S_ISREG(facts.st_mode) || static_cast<size_t>(facts.st_size) > longestFile) {
    fault = path + (S_ISREG(facts.st_mode) ? " is larger than 1 MiB" : " is no regular file");
    return std::nullopt;
  }
  if (shared != nullptr) *shared = (facts.st_mode & S_IRWXO) != 0;
  std::string text(static_cast<size_t>(facts.st_size), '\0');
  size_t done = 0;
  while (done < text.size()) {
    ssize_t got = read(fd, text.data() + done, text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  text.resize(done);
  return text;
}

std::vector<CertificatePtr> certificatesIn(const std::string& text, std::string& fault) {
  std::vector<CertificatePtr> list;
  auto bio = memory(text);
  ERR_clear_error();
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    list.emplace_back(one);
  }
  bool atEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  std::string reason = takeErrors("it is malformed");
  if (!atEnd) {
    fault = "holds a malformed certificate: " + reason;
    list.clear();
  } else if (list.empty()) {
    fault = "holds no PEM certificate";
  }
  return list;
}

KeyPtr keyIn(const std::string& text, std::string& fault) {
  auto bio = memory(text);
  bool asked = false;
  auto refuse = [](char*, int, int, void* flag) {
    *static_cast<bool*>(flag) = true;
    return -1;
  };
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse, &asked));
  if (key == nullptr) {
    std::string reason = takeErrors("it is malformed");
    fault = asked ? "is encrypted" : "holds no usable PEM private key: " + reason;
  }
  return key;
}

int64_t expiryOf(X509* certificate) { return unixTime(X509_get0_notAfter(certificate)); }
int64_t beginOf(X509* certificate) { return unixTime(X509_get0_notBefore(certificate)); }

std::shared_ptr<const PeerCertificate> peerOf(SSL* ssl) {
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return nullptr;
  auto peer = std::make_shared<PeerCertificate>();
  peer->commonName = commonNameOf(certificate);
  addNames(certificate, *peer);
  return peer;
}

}  // namespace maitred::tls
