#pragma once
// Certificates: the files of one's own, and what a peer's says about its owner.

#include <cstdint>
#include <string>
#include <vector>

namespace maitred::tls {

// The files of a server, all PEM, each at most 1 MiB.
struct Files {
  std::string certificate;  // the server's own first, then the intermediate ones
  std::string key;          // not encrypted, and not to be read by everybody
  // Authorities whose certificates clients may show. Empty: clients are not asked for any.
  std::string clientCa;
  bool clientCertificateRequired = true;  // of no meaning without clientCa

  bool operator==(const Files&) const = default;
};

struct Fault {
  enum class Field { certificate, key, clientCa };
  Field field;
  std::string message;  // names the file
  std::string hint;     // what to do; may be empty
};

// Everything that keeps the files from being used at the time `nowUnix` (seconds): a file that
// cannot be read or parsed, an expired certificate, a key of another one, a key that everybody may
// read. Blocks on the disk.
std::vector<Fault> faultsIn(const Files& files, int64_t nowUnix);

// The names in a certificate that has been verified.
struct PeerCertificate {
  std::string commonName;  // of the subject; empty if it has none, or several
  std::vector<std::string> emails, dnsNames, uris;  // subject alternative names
};

// "2026-11-27 10:00:00 UTC"
std::string timeText(int64_t unixSeconds);

}  // namespace maitred::tls
