#include "answer-size.h"

#include "fields.h"

#include <algorithm>

namespace maitred::cook {
namespace {

constexpr std::size_t PER_JOB = 1000, PER_INSTANCE = 600;  // keys, numbers, ids and times

// As JSON: what is no text becomes \u0000 and the like.
std::size_t written(std::string_view text) {
  auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  auto escaped = std::count_if(text.begin(), text.end(), isControl);
  return text.size() + 5 * static_cast<std::size_t>(escaped);
}

template <typename PairList>
std::size_t writtenPairs(const PairList& pairs) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : pairs) bytes += written(key) + written(value) + 8;
  return bytes;
}

}  // namespace

void AnswerSize::add(std::size_t more) {
  bytes += more;
  if (bytes <= BYTES_MOST) return;
  throw Refused(400, "the answer would be larger than " + std::to_string(BYTES_MOST >> 20) +
                         " MiB: ask for fewer jobs at once");
}

void AnswerSize::add(const Job& job) {
  const JobSpec& spec = job.spec;
  std::size_t size = PER_JOB + written(spec.command) + written(spec.name) + spec.extra.size();
  size += writtenPairs(spec.environment) + writtenPairs(spec.labels);
  for (const Uri& uri : spec.uris) size += written(uri.value) + 80;
  for (const Instance& one : job.instances) {
    size += PER_INSTANCE + one.sandboxUrl.size() + one.sandboxPath.size() + one.ports.size() * 6;
  }
  add(size);
}

}  // namespace maitred::cook
