// Any bytes as what a worker writes on its standard error, and as the metrics that it answers: what
// becomes of them is a line for a terminal, and a text that a scraper takes as a whole.

#include "host/admin/exposition.h"
#include "host/log/worker-line.h"

#include <maitred/utf8.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace {

using namespace maitred::host;

constexpr size_t LINE_MAX_BYTES = 200;

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "violated: " << what << std::endl;
  std::abort();
}

bool isPlain(std::string_view line) {
  return maitred::invalidUtf8(line) == line.npos &&
         std::none_of(line.begin(), line.end(), [](unsigned char c) {
           return (c < 0x20 && c != '\t') || c == 0x7f;
         });
}

void asLines(std::string_view bytes, size_t step) {
  LineSplitter splitter(LINE_MAX_BYTES);
  auto take = [](std::string_view line) {
    require(line.size() <= LINE_MAX_BYTES + 20, "a line has its limit");
    WorkerLine parsed = parseWorkerLine(line);
    require(isPlain(printable(parsed.text)), "a printed line is plain");
    require(isPlain(printable(parsed.thread)), "a thread's name is plain");
  };
  for (size_t at = 0; at < bytes.size(); at += step) splitter.feed(bytes.substr(at, step), take);
  splitter.finish(take);
}

void asMetrics(std::string_view bytes) {
  Exposition first;
  first.add("maitred_host_ready", "gauge", "Ours.", {}, 1);
  first.merge("cook", bytes.substr(0, bytes.size() / 2));
  first.merge("local", bytes.substr(bytes.size() / 2));
  std::string text = first.text();
  require(text.back() == '\n', "lines have ends");
  std::string_view rest = text;
  size_t ours = 0;
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    require(isPlain(line), "a metric's line is plain");
    ours += line.starts_with("maitred_host_ready ") || line.starts_with("maitred_host_ready{");
  }
  require(ours == 1, "the host's families are its own");
  // Read again under another name of the label that is added: the reader would rename its own.
  static constexpr std::string_view added = "{instance=", other = "{label_of_the_first_reader=";
  for (size_t at = 0; (at = text.find(added, at)) != text.npos; at += other.size()) {
    text.replace(at, added.size(), other);
  }
  Exposition again;
  require(again.merge("outer", text) == 0, "what was written is a valid text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  asLines(bytes, std::max<size_t>(size, 1));
  asLines(bytes, 3);
  asMetrics(bytes);
  return 0;
}
