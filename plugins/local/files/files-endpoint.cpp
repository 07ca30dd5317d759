#include "files-endpoint.h"

#include "sandbox-files.h"
#include "shim/record-files.h"

#include <maitred/async.h>
#include <maitred/http/query.h>
#include <maitred/offload.h>

#include <nlohmann/json.hpp>

#include <charconv>

#include <unistd.h>

namespace maitred::local {

namespace {

using http::Request;
using http::Response;

constexpr size_t DOWNLOAD_PIECE = 256 * 1024;

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

kj::Promise<Response> read(const FilesRule& rule, Request& request) {
  std::string problem;
  auto offset = number(request, "offset", -1, problem);
  auto length = offset ? number(request, "length", -1, problem) : std::nullopt;
  if (!length) return refuse(400, problem);
  auto target = targetOf(rule, request);
  if (auto* response = std::get_if<Response>(&target)) return kj::mv(*response);
  uint64_t most = *length < 0 ? rule.readMax : std::min<uint64_t>(uint64_t(*length), rule.readMax);
  return offload([at = std::get<Target>(target), offset = *offset, most]() -> Response {
    try {
      auto piece = SandboxFiles(at.sandbox).read(at.below, offset, size_t(most));
      return Response::json(200, {{"data", piece.data}, {"offset", piece.offset}});
    } catch (const FileProblem& fault) {
      return refuse(fault, "Cannot read a directory.\n");
    }
  });
}

kj::Promise<Response> browse(const FilesRule& rule, Request& request) {
  auto target = targetOf(rule, request);
  if (auto* response = std::get_if<Response>(&target)) return kj::mv(*response);
  return offload([at = std::get<Target>(target)]() -> Response {
    try {
      auto list = nlohmann::json::array();
      for (auto& one : SandboxFiles(at.sandbox).browse(at.below)) {
        list.push_back({{"path", at.sandbox + "/" + one.path},
                        {"mode", modeText(one.mode)},
                        {"nlink", one.links},
                        {"uid", one.owner},
                        {"gid", one.group},
                        {"size", one.size},
                        {"mtime", one.modifiedAt / 1'000'000'000}});
      }
      return Response::json(200, list);
    } catch (const FileProblem& fault) {
      return refuse(fault, "Cannot browse it.\n");
    }
  });
}

struct Opened {
  kj::AutoCloseFd fd;
  uint64_t size = 0;
  kj::Maybe<Response> refusal;
};

// Exactly `size` bytes: a log that grows meanwhile is cut there, one that shrinks ends the
// connection.
Async<void> pump(kj::Own<kj::AutoCloseFd> fd, uint64_t size, kj::AsyncOutputStream& out) {
  for (uint64_t at = 0; at < size;) {
    auto piece = co_await offload([raw = fd->get(), at, size]() {
      auto bytes = kj::heapArray<kj::byte>(size_t(std::min<uint64_t>(DOWNLOAD_PIECE, size - at)));
      ssize_t n = pread(raw, bytes.begin(), bytes.size(), off_t(at));
      return n == ssize_t(bytes.size()) ? kj::mv(bytes) : kj::Array<kj::byte>();
    });
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

kj::Promise<Response> download(const FilesRule& rule, Request& request) {
  auto target = targetOf(rule, request);
  if (auto* response = std::get_if<Response>(&target)) return kj::mv(*response);
  auto at = std::get<Target>(target);
  return offload([at]() {
           Opened opened;
           try {
             opened.fd = SandboxFiles(at.sandbox).open(at.below, opened.size);
           } catch (const FileProblem& fault) {
             opened.refusal = refuse(fault, "Cannot download a directory.\n");
           }
           return opened;
         })
      .then([name = attachment(at.below)](Opened opened) -> Response {
        KJ_IF_MAYBE (refusal, opened.refusal) return kj::mv(*refusal);
        auto size = opened.size;
        return Response::streamed(200, "application/octet-stream", size,
                                  [fd = kj::heap(kj::mv(opened.fd)),
                                   size](kj::AsyncOutputStream& out) mutable -> kj::Promise<void> {
                                    return pump(kj::mv(fd), size, out);
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
  for (std::string end : {"", ".json"}) {
    router.on(
        "GET", "/files/read" + end, [rule](Request& request) { return read(*rule, request); },
        options);
    router.on(
        "GET", "/files/browse" + end, [rule](Request& request) { return browse(*rule, request); },
        options);
    router.on(
        "GET", "/files/download" + end,
        [rule](Request& request) { return download(*rule, request); }, options);
  }
}

}  // namespace maitred::local
