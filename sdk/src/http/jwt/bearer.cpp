// The authenticator: the header, and keys that are kept fresh.
#include <maitred/async.h>
#include <maitred/http/client.h>
#include <maitred/http/jwt.h>
#include <maitred/offload.h>

#include <kj/debug.h>
#include <kj/io.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::http {

namespace {

constexpr size_t longestSet = 256 << 10;
// Keys that cannot be renewed are given up after this time: one of them may have been revoked.
constexpr kj::Duration longestUse = 24 * kj::HOURS;

// Without any keys nobody gets in, so that a fetch that failed is tried again sooner.
constexpr kj::Duration pauseWithoutKeys = 5 * kj::SECONDS;

[[noreturn]] void refuse(kj::String text) {
  kj::throwFatalException(
      kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::mv(text)));
}

std::string readKeys(const std::string& path) {
  kj::AutoCloseFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts;
  if (fd.get() < 0 || fstat(fd, &facts) != 0) {
    refuse(kj::str(path.c_str(), " cannot be read: ", strerror(errno)));
  }
  if (!S_ISREG(facts.st_mode) || static_cast<size_t>(facts.st_size) > longestSet) {
    refuse(kj::str(path.c_str(), " is no regular file of at most 256 KiB"));
  }
  std::string text(static_cast<size_t>(facts.st_size), '\0');
  ssize_t got = read(fd, text.data(), text.size());
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return text;
}

// The token of `Authorization: Bearer TOKEN`; nothing if that is not what was sent.
std::optional<std::string_view> tokenOf(const Request& request) {
  auto lines = request.headers.all("authorization");
  if (lines.size() != 1) return std::nullopt;
  std::string_view line = lines[0];
  size_t space = line.find(' ');
  if (space == line.npos || !sameText(line.substr(0, space), "bearer")) return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of(' ', space), line.size()));
  if (line.empty() || line.find(' ') != line.npos) return std::nullopt;
  return line;
}

class Bearer final : public Authenticator {
 public:
  Bearer(JwtRules rules, JwtKeySource source, kj::Timer& timer, const kj::Clock& clock,
         kj::Function<void(kj::StringPtr)> problem)
      : rules(std::move(rules)), source(kj::mv(source)), timer(timer), clock(clock),
        problem(kj::mv(problem)) {
    challenge = "Bearer realm=\"";
    for (char c : this->rules.realm) {
      if (c == '"' || c == '\\') challenge += '\\';
      challenge += c;
    }
    challenge += '"';
  }

  kj::Promise<Authentication> authenticate(const Request& request) override {
    auto token = tokenOf(request);
    if (!token) {
      return Authentication(Rejection{
          "malformed or missing Authorization header, expected 'Bearer' with a token", challenge,
          ""});
    }
    return judge(*token);
  }

 private:
  JwtRules rules;
  JwtKeySource source;
  kj::Timer& timer;
  const kj::Clock& clock;
  kj::Function<void(kj::StringPtr)> problem;
  std::string challenge;

  std::optional<JwtKeys> keys;
  kj::TimePoint keysFrom = kj::origin<kj::TimePoint>();   // when they were fetched
  kj::Maybe<kj::TimePoint> askedAt;                       // when they were last asked for
  bool fetching = false;
  kj::ForkedPromise<void> fetched = kj::Promise<void>(kj::READY_NOW).fork();

  // The token belongs to the request, which outlives this.
  Async<Authentication> judge(std::string_view token) {
    auto age = timer.now() - keysFrom;
    if (!keys || age > longestUse) {
      keys.reset();
      co_await fetch();
    } else if (age > source.oldAfter) {
      fetch();   // not waited for: the keys at hand still serve
    }
    auto verdict = verdictOn(token);
    if (verdict.unknownKey) {
      co_await fetch();
      verdict = verdictOn(token);
    }
    if (!verdict.user.empty()) co_return Authentication(Principal{verdict.user, "jwt"});
    co_return Authentication(Rejection{verdict.refusal, challenge + ", error=\"invalid_token\"",
                                       verdict.claimed});
  }

  JwtVerdict verdictOn(std::string_view token) {
    if (!keys) {
      kj::throwFatalException(KJ_EXCEPTION(
          OVERLOADED, "the keys that tokens are verified with cannot be had at the moment"));
    }
    return judgeJwt(token, *keys, rules, (clock.now() - kj::UNIX_EPOCH) / kj::SECONDS);
  }

  // Resolves when the fetch under way has ended, well or not; at once if it is too early for
  // another.
  kj::Promise<void> fetch() {
    if (fetching) return fetched.addBranch();
    KJ_IF_MAYBE (last, askedAt) {
      auto pause = keys ? source.pause : kj::min(source.pause, pauseWithoutKeys);
      if (timer.now() - *last < pause) return kj::READY_NOW;
    }
    askedAt = timer.now();
    fetching = true;
    fetched = kj::evalNow([&]() { return source.fetch(); })
                  .then([this](std::string text) { take(text); })
                  .then([this]() { fetching = false; },
                        [this](kj::Exception&& fault) {
                          fetching = false;
                          problem(kj::str("the keys for tokens cannot be had: ",
                                          fault.getDescription()));
                        })
                  .fork();
    return fetched.addBranch();
  }

  void take(const std::string& text) {
    keys = JwtKeys::parse(text);
    keysFrom = timer.now();
  }
};

}  // namespace

JwtKeySource jwtKeysFile(std::string path) {
  return {[path = std::move(path)]() { return offload([path]() { return readKeys(path); }); },
          10 * kj::SECONDS, 1 * kj::SECONDS};
}

JwtKeySource jwtKeysUrl(kj::Network& network, kj::Timer& timer, std::string url,
                        std::shared_ptr<tls::Connector> connector) {
  ClientOptions options;
  options.timeout = 10 * kj::SECONDS;
  options.maxResponse = longestSet;
  options.tls = std::move(connector);
  auto client = kj::heap<Client>(network, timer, options);
  return {[client = kj::mv(client), url = std::move(url)]() mutable {
            return client->get(url).then([url](ClientResponse response) {
              if (response.status != 200) {
                refuse(kj::str(url.substr(0, url.find('?')).c_str(), " answered ",
                               response.status));
              }
              return std::move(response.body);
            });
          },
          10 * kj::MINUTES, 1 * kj::MINUTES};
}

kj::Own<Authenticator> bearerJwt(JwtRules rules, JwtKeySource source, kj::Timer& timer,
                                 const kj::Clock& clock,
                                 kj::Function<void(kj::StringPtr)> problem) {
  return kj::heap<Bearer>(std::move(rules), kj::mv(source), timer, clock, kj::mv(problem));
}

}  // namespace maitred::http
