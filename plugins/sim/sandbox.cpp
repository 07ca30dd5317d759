#include "sandbox.h"

#include <kj/debug.h>

#include <algorithm>
#include <map>
#include <string>

namespace maitred::sim {
namespace {

class SimSandbox final : public backend::Sandbox::Server {
 public:
  struct File {
    std::string content;
    uint32_t mode = 0644;
  };

  explicit SimSandbox(backend::TaskSpec::Reader spec) {
    files["stdout"] = {};
    files["stderr"] = {};
    for (auto variable : spec.getEnvironment()) {
      if (variable.getName() == "SIM_STDOUT") files["stdout"].content = variable.getValue().cStr();
    }
    for (auto file : spec.getFiles()) {
      auto content = file.getContent().asChars();
      files[file.getPath().cStr()] = {std::string(content.begin(), content.size()), file.getMode()};
    }
  }

  kj::Promise<void> browse(BrowseContext context) override {
    std::string below = context.getParams().getPath().cStr();
    if (!below.empty() && below.back() != '/') below += '/';
    std::map<std::string, const File*> found;  // nullptr: a folder
    for (auto& [path, file] : files) {
      if (path.compare(0, below.size(), below) != 0) continue;
      auto slash = path.find('/', below.size());
      found[path.substr(0, slash)] = slash == path.npos ? &file : nullptr;
    }
    KJ_REQUIRE(!found.empty(), "no such folder in the sandbox", below.c_str());
    auto entries = context.getResults().initEntries(found.size());
    uint i = 0;
    for (auto& [path, file] : found) {
      auto entry = entries[i++];
      entry.setPath(path.c_str());
      entry.setDirectory(file == nullptr);
      entry.setMode(file == nullptr ? 0755 : file->mode);
      entry.setSize(file == nullptr ? 0 : file->content.size());
      entry.setLinks(1);
    }
    return kj::READY_NOW;
  }

  kj::Promise<void> read(ReadContext context) override {
    auto params = context.getParams();
    auto found = files.find(params.getPath().cStr());
    KJ_REQUIRE(found != files.end(), "no such file in the sandbox", params.getPath());
    auto& content = found->second.content;
    auto results = context.getResults();
    results.setSize(content.size());
    if (params.getOffset() < 0) {
      results.setOffset(-1);
      return kj::READY_NOW;
    }
    constexpr uint64_t most = 1 << 20;
    auto first = std::min<uint64_t>(params.getOffset(), content.size());
    auto count = std::min<uint64_t>({params.getLength(), content.size() - first, most});
    results.setOffset(first);
    results.setData(kj::arrayPtr(content.data() + first, count).asBytes());
    results.setEof(first + count == content.size());
    return kj::READY_NOW;
  }

 private:
  std::map<std::string, File> files;
};

}  // namespace

backend::Sandbox::Client makeSandbox(backend::TaskSpec::Reader spec) {
  return kj::heap<SimSandbox>(spec);
}

}  // namespace maitred::sim
