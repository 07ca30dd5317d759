// Case files written on a pool thread.

#include "case-log.h"
#include "files.h"
#include "framing.h"

#include <maitred/offload.h>

#include <memory>

namespace maitred::cook {
namespace {

class FileSink final : public CaseSink {
 public:
  FileSink(std::string folder, std::size_t files)
      : files(std::make_shared<CaseFiles>(std::move(folder), files)) {}

  kj::Promise<std::uint64_t> write(kj::Vector<Recorder::Message> records, bool begin,
                                   bool prune) override {
    return offload([files = files, records = kj::mv(records), begin, prune]() mutable {
      std::string bytes;
      if (begin) {
        files->begin();
        bytes = casePreamble();
      }
      for (auto& record : records) appendFrame(bytes, *record);
      std::uint64_t size = files->append(bytes);
      if (prune) files->prune();
      return size;
    });
  }
  kj::Promise<void> discard() override {
    return offload([files = files] { files->discard(); });
  }

 private:
  std::shared_ptr<CaseFiles> files;  // also of a call that goes on when nobody waits for it
};

}  // namespace

kj::Own<CaseSink> caseFileSink(std::string folder, std::size_t files) {
  return kj::heap<FileSink>(std::move(folder), files);
}

}  // namespace maitred::cook
