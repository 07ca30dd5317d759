#include "files-endpoint.h"

#include "answers.h"
#include "files-gate.h"
#include "sandbox-files.h"
#include "shim/record-files.h"

#include <maitred/async.h>
#include <maitred/http/query.h>

#include <charconv>
#include <variant>

#include <unistd.h>

namespace maitred::local {

namespace {

using http::Request;
using http::Response;

constexpr size_t DOWNLOAD_PIECE = 64 * 1024;  // of each client that is slow to take it

// Mesos and so Cook's clients expect the bare sentence, no envelope.
Response refuse(unsigned status, const std::string& text) {
  return Response::text(status, text);
}

Response refuse(const FileProblem& problem, const char* ofDirectory) {
  switch (problem.kind) {
    case FileProblem::Kind::missing:
      return refuse(404, problem.text);
    case FileProblem::Kind::directory:
      return refuse(400, ofDirectory);
    case FileProblem::Kind::refused:
      return refuse(403, problem.text);
    default:
      return refuse(500, problem.text);
  }
}

struct Target {
  std::string sandbox, below;
};

// The place that `path` names, or the answer that refuses it.
std::variant<Target, Response> targetOf(const FilesRule& rule, Request& request) {
  auto path = request.query.get("path");
  if (!path || path->empty()) return refuse(400, "Expecting 'path=value' in query.\n");
  Target target;
  if (!splitSandboxPath(rule.workFolder, std::string(*path), target.sandbox, target.below)) {
    return refuse(404, "No such file or directory.");
  }
  return target;
}

// A whole number from the query; `absent` if it is not there. Nothing on bad text, `problem` says
// what.
std::optional<int64_t> number(Request& request, const char* name, int64_t absent,
                              std::string& problem) {
  auto text = request.query.get(name);
  if (!text || text->empty()) return absent;
  int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) {
    problem = std::string("Failed to parse ") + name + ": '" + std::string(*text) +
              "' is not a number.\n";
    return std::nullopt;
  }
  if (value < -1) {
    problem = std::string("Negative ") + name + " provided: " + std::to_string(value) + ".\n";
    return std::nullopt;
  }
  return value;
}

// What the handlers share.
struct Serving {
  std::shared_ptr<const FilesRule> rule;
  std::shared_ptr<FilesGate> gate = std::make_shared<FilesGate>();
  AnswerRoom room;
};

Response busy() {
  return refuse(503, "Too many are reading; try again later.\n").with("Retry-After", "1");
}

// A body, or the answer that refuses it.
using Made = std::variant<std::string, Response>;

// The answer holds its share of the room until it is sent.
Response answer(Made made, AnswerRoom::Share share) {
  if (auto* refusal = std::get_if<Response>(&made)) return kj::mv(*refusal);
  auto& body = std::get<std::string>(made);
  share.resize(body.size());
  auto size = body.size();
  return Response::streamed(
      200, "application/json", size,
      [body = kj::mv(body), share = kj::mv(share)](kj::AsyncOutputStream& out) {
        return out.write(body.data(), body.size());
      });
}

kj::Promise<Response> read(Serving& serving, Request& request) {
  std::string problem;
  auto offset = number(request, "offset", -1, problem);
  auto length = offset ? number(request, "length", -1, problem) : std::nullopt;
  if (!length) return refuse(400, problem);
  auto target = targetOf(*serving.rule, request);
  if (auto* response = std::get_if<Response>(&target)) return kj::mv(*response);
  // As Mesos' agents do it; who wants more at a time says so.
  uint64_t asked = *length < 0 ? AnswerRoom::WHOLE : uint64_t(*length);
  uint64_t most = std::min(asked, serving.rule->readMax);
  auto share = *offset < 0 ? serving.room.take(0) : serving.room.take(most);
  if (!share || serving.gate->full()) return busy();
  bool ours = *length < 0 || most < asked || share->size() < most;
  most = std::min<uint64_t>(most, share->size());
  return serving.gate
      ->run([at = std::get<Target>(target), offset = *offset, most, ours,
             bodyMost = share->size()]() -> Made {
        try {
          auto piece = SandboxFiles(at.sandbox).read(at.below, offset, size_t(most));
          // Where the client has not said where to end, it is not within a character.
          if (ours && piece.offset + piece.data.size() < piece.size) {
            piece.data.resize(wholeCharacters(piece.data));
          }
          return readAnswer(piece.data, piece.offset, bodyMost);
        } catch (const FileProblem& fault) {
          return refuse(fault, "Cannot read a directory.\n");
        }
      })
      .then([share = kj::mv(*share)](Made made) mutable {
        return answer(kj::mv(made), kj::mv(share));
      });
}

kj::Promise<Response> browse(Serving& serving, Request& request) {
  auto target = targetOf(*serving.rule, request);
  if (auto* response = std::get_if<Response>(&target)) return kj::mv(*response);
  auto share = serving.room.take(AnswerRoom::WHOLE);
  if (!share || serving.gate->full()) return busy();
  return serving.gate
      ->run([at = std::get<Target>(target)]() -> Made {
        try {
          return browseAnswer(at.sandbox, SandboxFiles(at.sandbox).browse(at.below));
        } catch (const FileProblem& fault) {
          return refuse(fault, "Cannot browse it.\n");
        }
      })
      .then([share = kj::mv(*share)](Made made) mutable {
        return answer(kj::mv(made), kj::mv(share));
      });
}

struct Opened {
  kj::AutoCloseFd fd;
  uint64_t size = 0;
  kj::Maybe<Response> refusal;
};

// Exactly `size` bytes: a log that grows meanwhile is cut there, one that shrinks ends the
// connection.
Async<void> pump(std::shared_ptr<FilesGate> gate, std::shared_ptr<kj::AutoCloseFd> fd,
                 uint64_t size, kj::AsyncOutputStream& out) {
  for (uint64_t at = 0; at < size;) {
    // It owns the file: the client may be gone before it is its turn.
    auto reading = gate->run(
        [fd, at, size]() {
          auto wanted = std::min<uint64_t>(DOWNLOAD_PIECE, size - at);
          auto bytes = kj::heapArray<kj::byte>(size_t(wanted));
          ssize_t n = pread(*fd, bytes.begin(), bytes.size(), off_t(at));
          return n == ssize_t(bytes.size()) ? kj::mv(bytes) : kj::Array<kj::byte>();
        },
        true);
    auto piece = co_await reading;
    KJ_REQUIRE(piece.size() > 0, "the file has become shorter while it was sent");
    co_await out.write(piece.begin(), piece.size());
    at += piece.size();
  }
}

std::string attachment(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  for (char& c : name) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '_';
  }
  return "attachment; filename=\"" + name + "\"";
}

kj::Promise<Response> download(Serving& serving, Request& request) {
  auto target = targetOf(*serving.rule, request);
  if (auto* response = std::get_if<Response>(&target)) return kj::mv(*response);
  auto at = std::get<Target>(target);
  if (serving.gate->full()) return busy();
  return serving.gate
      ->run([at]() {
        Opened opened;
        try {
          opened.fd = SandboxFiles(at.sandbox).open(at.below, opened.size);
        } catch (const FileProblem& fault) {
          opened.refusal = refuse(fault, "Cannot download a directory.\n");
        }
        return opened;
      })
      .then([name = attachment(at.below), gate = serving.gate](Opened opened) -> Response {
        KJ_IF_MAYBE (refusal, opened.refusal) return kj::mv(*refusal);
        auto size = opened.size;
        return Response::streamed(200, "application/octet-stream", size,
                                  [fd = std::make_shared<kj::AutoCloseFd>(kj::mv(opened.fd)), gate,
                                   size](kj::AsyncOutputStream& out) -> kj::Promise<void> {
                                    return pump(gate, fd, size, out);
                                  })
            .with("Content-Disposition", name);
      });
}

}  // namespace

bool splitSandboxPath(const std::string& workFolder, const std::string& path, std::string& sandbox,
                      std::string& below) {
  std::string prefix = workFolder + "/tasks/";
  if (path.compare(0, prefix.size(), prefix) != 0) return false;
  size_t at = prefix.size();
  // <consumer>/<task id>/sandbox[/…]; the kernel guards what comes after that.
  for (int part = 0; part < 3; ++part) {
    size_t end = std::min(path.find('/', at), path.size());
    std::string name = path.substr(at, end - at);
    bool good = part < 2 ? !name.empty() && name != "." && name != ".." : name == SANDBOX;
    if (!good || (part < 2 && end == path.size())) return false;
    at = std::min(end + 1, path.size());
    if (part == 2) sandbox = path.substr(0, end);
  }
  below = path.substr(at);
  return true;
}

std::string sandboxUrl(bool secure, const std::string& host, uint16_t port,
                       const std::string& sandbox) {
  return (secure ? "https://" : "http://") + host + ":" + std::to_string(port) +
         "/files/read.json?path=" + http::percentEncode(sandbox);
}

void addFilesRoutes(http::Router& router, std::shared_ptr<const FilesRule> rule) {
  http::RouteOptions options{.authenticate = rule->authenticate};
  auto serving = std::make_shared<Serving>(Serving{kj::mv(rule)});
  for (std::string end : {"", ".json"}) {
    router.on(
        "GET", "/files/read" + end, [serving](Request& request) { return read(*serving, request); },
        options);
    router.on(
        "GET", "/files/browse" + end,
        [serving](Request& request) { return browse(*serving, request); }, options);
    router.on(
        "GET", "/files/download" + end,
        [serving](Request& request) { return download(*serving, request); }, options);
  }
}

}  // namespace maitred::local
