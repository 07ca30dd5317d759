#include "exchange.h"

#include <maitred/http/error.h>

#include <algorithm>
#include <cstring>

namespace maitred::http {

namespace {

bool saneRequestId(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || (c != 0 && std::strchr("-._:/+=@", c) != nullptr);
  });
}

bool isDots(std::string_view part) { return part == "." || part == ".."; }

// "." and ".." between slashes, also where the slashes were escaped: nobody may climb out of a
// folder.
bool hasDotSegments(std::string_view segment) {
  while (true) {
    size_t slash = std::min(segment.find('/'), segment.size());
    if (isDots(segment.substr(0, slash))) return true;
    if (slash == segment.size()) return false;
    segment.remove_prefix(slash + 1);
  }
}

size_t methodIndex(std::string_view method) {
  for (size_t i = 0; i < Counters::other; ++i) {
    if (method == Counters::methodName(i)) return i;
  }
  return Counters::other;
}

Response retryLater(std::string_view message) {
  return Response::error(503, message).with("Retry-After", "1");
}

}  // namespace

Exchange::Exchange(Shared& shared, const RemoteAddress& remote)
    : memory(shared.limits, shared.counters), shared(shared) {
  request.remote = remote;
  request.received = shared.timer.now();
  request.jsonDepth = shared.limits.jsonDepth;
  ++shared.counters.inFlight;
}

Exchange::~Exchange() noexcept(false) {
  --shared.counters.inFlight;
  auto duration = shared.timer.now() - request.received;
  account(duration);
  auto failure = kj::runCatchingExceptions([&]() {
    shared.hooks.access(Access{request.id, request.remote.host, request.principal.name,
                               request.method, request.target, status, memory.filled(),
                               responseBytes, duration, problem});
  });
  KJ_IF_MAYBE (exception, failure) {
    auto text = exception->getDescription();
    shared.problem("the access log hook failed: " + std::string(text.begin(), text.size()));
  }
}

void Exchange::account(kj::Duration duration) {
  auto& counters = shared.counters;
  if (malformed) ++counters.malformed;
  if (status == 0) {
    ++counters.cut;
    return;
  }
  ++counters.responses[methodIndex(request.method)][std::min(status / 100, 5u)];
  double seconds = static_cast<double>(duration / kj::NANOSECONDS) * 1e-9;
  auto bucket = std::lower_bound(Counters::bounds.begin(), Counters::bounds.end(), seconds);
  ++counters.latency[static_cast<size_t>(bucket - Counters::bounds.begin())];
  counters.latencySum += seconds;
}

std::optional<WireError> Exchange::open(std::string_view bytes) {
  request.headBytes = kj::heapArray<char>(bytes.data(), bytes.size());
  auto refused = parseRequestHead({request.headBytes.begin(), request.headBytes.size()}, head);
  if (refused) return refused;   // and nothing of a half-parsed head is believed, or logged
  request.method = head.method;
  request.target = head.target;
  request.headers = std::move(head.fields);
  auto id = request.headers.get("x-request-id");
  request.id = id && saneRequestId(*id) ? std::string(*id) : shared.makeRequestId();
  return openTarget();
}

std::optional<WireError> Exchange::openTarget() {
  if (request.target == "*") {
    request.path = "*";
    request.segments = {"*"};
    return std::nullopt;
  }
  size_t question = std::min(request.target.find('?'), request.target.size());
  std::string_view path = request.target.substr(0, question);
  for (size_t start = 1; start <= path.size();) {
    size_t slash = std::min(path.find('/', start), path.size());
    auto segment = percentDecode(path.substr(start, slash - start), false);
    if (!segment) return WireError{400, "path: expected percent-encoded UTF-8 without NUL"};
    if (hasDotSegments(*segment)) return WireError{400, "path: '.' and '..' are not allowed"};
    request.path.append("/").append(*segment);
    request.segments.push_back(std::move(*segment));
    start = slash + 1;
  }
  if (question == request.target.size()) return std::nullopt;
  std::optional<WireError> refused;
  auto failure = kj::runCatchingExceptions(
      [&]() { request.query = Query::parse(request.target.substr(question + 1)); });
  KJ_IF_MAYBE (exception, failure) {
    auto seen = HttpError::from(*exception);
    if (!seen) kj::throwFatalException(kj::mv(*exception));
    refused = WireError{seen->status, std::move(seen->message)};
  }
  return refused;
}

Response Exchange::failed(const kj::Exception& exception) {
  if (auto seen = HttpError::from(exception)) {
    bool sendable = seen->status >= 400 && seen->status <= 599;
    return Response::error(sendable ? seen->status : 500, seen->message);
  }
  auto text = exception.getDescription();
  problem.assign(text.begin(), text.size());
  switch (exception.getType()) {
    case kj::Exception::Type::OVERLOADED:
      return retryLater("the service is overloaded; try again later");
    case kj::Exception::Type::DISCONNECTED:
      return retryLater("a part of the service is being restarted; try again later");
    default:
      shared.problem("request " + request.id + " " + std::string(request.method) + " " +
                     request.path + " failed: " + problem);
      return Response::error(500, "internal error; the server's log has more under request " +
                                      request.id);
  }
}

}  // namespace maitred::http
