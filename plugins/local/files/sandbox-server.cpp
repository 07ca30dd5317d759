#include "sandbox-server.h"

#include "sandbox-files.h"

#include <capnp-text.h>

#include <maitred/offload.h>

#include <kj/debug.h>

namespace maitred::local {

namespace {

constexpr size_t ENTRIES_MAX = 2'000;      // of one message
constexpr uint32_t READ_MAX = 1 << 20;

// FileProblem is no kj::Exception: it must not cross threads or the wire as it is.
template <typename Func>
auto told(Func fn) -> decltype(fn()) {
  try {
    return fn();
  } catch (const FileProblem& problem) {
    kj::throwFatalException(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                          kj::str(problem.text.c_str())));
  }
}

class SandboxServer final : public backend::Sandbox::Server {
 public:
  explicit SandboxServer(std::string root) : root(std::move(root)) {}

  kj::Promise<void> browse(BrowseContext context) override {
    auto path = text(context.getParams().getPath());
    return offload([root = root, path]() {
             return told([&]() { return SandboxFiles(root).browse(path, ENTRIES_MAX); });
           }).then([context](std::vector<FileFacts> found) mutable {
      auto entries = context.getResults().initEntries(uint(found.size()));
      for (uint i = 0; i < found.size(); ++i) {
        auto& one = found[i];
        auto entry = entries[i];
        entry.setPath(one.path.c_str());
        entry.setDirectory(one.directory);
        entry.setMode(one.mode);
        entry.setOwner(one.owner.c_str());
        entry.setGroup(one.group.c_str());
        entry.setSize(one.size);
        entry.setModifiedAt(one.modifiedAt);
        entry.setLinks(one.links);
      }
    });
  }

  kj::Promise<void> read(ReadContext context) override {
    auto params = context.getParams();
    auto offset = params.getOffset();
    KJ_REQUIRE(offset >= -1, "offset: -1 for the size only, or 0 and more", offset);
    size_t length = std::min(params.getLength(), READ_MAX);
    return offload([root = root, path = text(params.getPath()), offset, length]() {
             return told([&]() { return SandboxFiles(root).read(path, offset, length); });
           }).then([context](FilePiece piece) mutable {
      auto results = context.getResults();
      results.setData(kj::StringPtr(piece.data.c_str(), piece.data.size()).asBytes());
      results.setOffset(int64_t(piece.offset));
      results.setSize(piece.size);
      results.setEof(piece.offset + piece.data.size() >= piece.size);
    });
  }

 private:
  std::string root;
};

}  // namespace

backend::Sandbox::Client newSandbox(std::string root) {
  return kj::heap<SandboxServer>(std::move(root));
}

}  // namespace maitred::local
