// maitred cook logs: what the latest instance of a job wrote.
#include "command.h"
#include "job-view.h"

#include <iostream>

namespace maitred::cook::cli {
namespace {

constexpr uint32_t kPiece = 256 * 1024;

// Where its files are; while the job has not come that far and `follow` is set, waits for it.
JobView startedJob(Api& api, const std::string& uuid, bool follow) {
  for (;;) {
    JobView job(api.jobs({uuid}, false).at(0));
    if (!job.outputUrl.empty()) return job;
    if (!follow || job.completed) {
      throw Failure(Exit::no, job.completed ? "the job ended without having run"
                                            : "the job has not started yet");
    }
    api.pause(300 * kj::MILLISECONDS);
  }
}

// Prints from `offset` on; returns where it stopped.
int64_t copyFrom(Api& api, const std::string& url, const std::string& file, int64_t offset) {
  for (;;) {
    auto piece = api.read(url, file, offset, kPiece);
    if (piece.data.empty()) return offset;
    std::cout << piece.data << std::flush;
    offset += piece.data.size();
  }
}

}  // namespace

int logs(CommandLine line) {
  Options options("logs", "UUID", "Prints what the latest instance of a job wrote.");
  options.add()("stderr", "standard error instead of standard output")(
      "file", po::value<std::string>(), "another file of the sandbox")(
      "tail", po::value<int64_t>(), "only the last so many bytes")("follow,f",
                                                                   "go on until the job has ended");
  if (!options.parse(line)) return 0;
  auto words = options.words();
  if (words.size() != 1) throw Failure(Exit::usage, "logs takes exactly one UUID");
  std::string file = options.has("file")     ? options.get<std::string>("file")
                     : options.has("stderr") ? "stderr"
                                             : "stdout";
  bool follow = options.has("follow");
  auto api = options.connect();
  JobView job = startedJob(api, words[0], follow);
  int64_t offset = 0;
  if (options.has("tail")) {
    int64_t size = api.read(job.outputUrl, file, -1, 0).offset;
    offset = std::max<int64_t>(0, size - options.get<int64_t>("tail"));
  }
  for (;;) {
    bool ended = job.endMs != 0;  // looked at before reading, so that the last words are not missed
    offset = copyFrom(api, job.outputUrl, file, offset);
    if (!follow || ended) return 0;
    api.pause(300 * kj::MILLISECONDS);
    job = startedJob(api, words[0], true);
  }
}

}  // namespace maitred::cook::cli
