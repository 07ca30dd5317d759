#include <maitred/tls/acceptor.h>

#include "openssl.h"
#include "server-context.h"

#include <maitred/offload.h>

#include <kj/debug.h>

#include <sys/stat.h>

namespace maitred::tls {

namespace {

constexpr kj::Duration lookInterval = 1 * kj::SECONDS;
// A certificate that ends within this time is worth a line in the log, once a day.
constexpr int64_t soon = 14 * 86400;
constexpr int64_t day = 86400;

int64_t unixNow(const kj::Clock& clock) {
  return (clock.now() - kj::UNIX_EPOCH) / kj::SECONDS;
}

// What differs when a file was written or replaced. A file that is not there has a stamp too.
std::string stampOf(const std::string& file) {
  struct stat facts;
  if (file.empty() || stat(file.c_str(), &facts) != 0) return "-";
  return std::to_string(facts.st_ino) + ":" + std::to_string(facts.st_size) + ":" +
         std::to_string(facts.st_mode) + ":" + std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec);
}
std::string stampOf(const Files& files) {
  return stampOf(files.certificate) + " " + stampOf(files.key) + " " + stampOf(files.clientCa);
}

std::string textOf(const std::vector<Fault>& faults) {
  std::string text;
  for (auto& fault : faults) {
    text += (text.empty() ? "" : "; ") + fault.message;
    if (!fault.hint.empty()) text += " (" + fault.hint + ")";
  }
  return text;
}

}  // namespace

class Acceptor::Impl {
 public:
  Impl(kj::Timer& timer, const kj::Clock& clock, Files given, Hooks hooks)
      : timer(timer), clock(clock), files(std::move(given)), hooks(kj::mv(hooks)),
        stamp(stampOf(files)) {
    auto loaded = loadServerContext(files, unixNow(clock));
    if (!loaded.faults.empty()) {
      fail(kj::Exception::Type::FAILED, "TLS cannot be served: " + textOf(loaded.faults));
    }
    context = std::move(loaded.context);
    expires = loaded.expires;
    watching = watch().eagerlyEvaluate(nullptr);
  }

  kj::Timer& timer;
  const kj::Clock& clock;
  Files files;
  Hooks hooks;
  ContextPtr context;
  int64_t expires = 0;
  std::string fault;   // of the files as they are now

  SSL* connection() {
    SSL* ssl = SSL_new(context.get());
    KJ_ASSERT(ssl != nullptr, takeErrors("no memory").c_str());
    SSL_set_accept_state(ssl);
    return ssl;
  }

  kj::Promise<void> reload() {
    return reloads.wrap(
        load().then([this](Loaded&& loaded) { take(kj::mv(loaded), true); }));
  }
  bool expired() const { return expires <= unixNow(clock); }

 private:
  struct Loaded {
    std::string stamp;
    ServerContext made;
  };

  std::string stamp;        // of the files as they were last loaded
  std::string faultyStamp;  // of files that were not good at the last look
  int64_t warnedAt = 0;
  // Last, so that nothing of them happens once the rest is gone.
  kj::Promise<void> watching = nullptr;
  kj::Canceler reloads;

  kj::Promise<Loaded> load() {
    return offload([files = files, now = unixNow(clock)]() {
      std::string stamp = stampOf(files);   // before they are read: what comes later is seen later
      return Loaded{stamp, loadServerContext(files, now)};
    });
  }

  kj::Promise<void> watch() {
    return timer.afterDelay(lookInterval)
        .then([this]() { return look(); })
        .catch_([](kj::Exception&&) {})   // a full pool: the next look sees it
        .then([this]() { return watch(); });
  }

  kj::Promise<void> look() {
    warnOfExpiry();
    return offload([files = files]() { return stampOf(files); })
        .then([this](std::string now) -> kj::Promise<void> {
          if (now == stamp) return kj::READY_NOW;
          return load().then([this](Loaded&& loaded) { take(kj::mv(loaded), false); });
        });
  }

  // Certificate and key cannot be replaced in one step: what does not fit is believed, and
  // reported, only when it is still so at the next look.
  void take(Loaded loaded, bool atOnce) {
    if (loaded.made.faults.empty()) {
      stamp = faultyStamp = loaded.stamp;
      context = std::move(loaded.made.context);
      expires = loaded.made.expires;
      fault.clear();
      warnedAt = 0;
      hooks.info(kj::str("TLS: the certificate of ", files.certificate.c_str(),
                         " was read anew; it expires at ", timeText(expires).c_str()));
      return;
    }
    if (!atOnce && loaded.stamp != faultyStamp) {
      faultyStamp = loaded.stamp;
      return;
    }
    stamp = faultyStamp = loaded.stamp;
    fault = textOf(loaded.made.faults);
    hooks.warning(kj::str("TLS: the files are not good, the former certificate stays in use until ",
                          timeText(expires).c_str(), ": ", fault.c_str()));
  }

  void warnOfExpiry() {
    int64_t now = unixNow(clock);
    if (expires - now > soon || now - warnedAt < day) return;
    warnedAt = now;
    hooks.warning(kj::str("TLS: the certificate of ", files.certificate.c_str(),
                          expires <= now ? " expired at " : " expires at ",
                          timeText(expires).c_str()));
  }
};

Acceptor::Acceptor(kj::Timer& timer, const kj::Clock& clock, Files files, Hooks hooks)
    : impl(kj::heap<Impl>(timer, clock, kj::mv(files), kj::mv(hooks))) {}
Acceptor::~Acceptor() noexcept(false) = default;

kj::Own<Stream> Acceptor::accept(kj::Own<kj::AsyncIoStream> connection) {
  return kj::heap<Stream>(kj::mv(connection), impl->connection());
}

kj::Promise<void> Acceptor::reload() { return impl->reload(); }
const Files& Acceptor::files() const { return impl->files; }
int64_t Acceptor::expires() const { return impl->expires; }
bool Acceptor::expired() const { return impl->expired(); }

std::string Acceptor::trouble() const {
  if (impl->expired()) {
    std::string text = "the TLS certificate expired at " + timeText(impl->expires);
    return impl->fault.empty() ? text : text + ": " + impl->fault;
  }
  if (impl->fault.empty()) return "";
  return "new TLS files are not good, the former certificate is used until " +
         timeText(impl->expires) + ": " + impl->fault;
}

}  // namespace maitred::tls
