#include "extension-calls.h"

#include "job-message.h"

namespace maitred::cook {
namespace {

constexpr std::size_t JOBS_PER_CALL = 500;
constexpr std::size_t ASKED_BYTES = 256 * 1024;

}  // namespace

std::vector<JobPointers> ExtensionCalls::partsOf(const JobPointers& jobs) {
  std::vector<JobPointers> parts;
  std::size_t bytes = 0;
  for (const JobSpec* job : jobs) {
    std::size_t more = bytesInMessage(*job);
    if (parts.empty() || parts.back().size() == JOBS_PER_CALL || bytes + more > ASKED_BYTES) {
      parts.emplace_back();
      bytes = 0;
    }
    parts.back().push_back(job);
    bytes += more;
  }
  return parts;
}

metrics::Counter& ExtensionCalls::calls(const char* point, const std::string& instance,
                                        const char* outcome) {
  return metrics.counter("maitred_cook_extension_calls_total", "Questions to other plugins",
                         {{"point", point}, {"provider", instance}, {"outcome", outcome}});
}

void ExtensionCalls::announce(const char* point, const std::string& instance) {
  for (const char* outcome : {"answered", "failed"}) calls(point, instance, outcome);
}

void ExtensionCalls::answered(const char* point, const std::string& instance) {
  calls(point, instance, "answered").add();
  if (failing.erase({point, instance}) == 0) return;
  log.info(instance.c_str(), " answers again as one of ", point);
}

void ExtensionCalls::failed(const char* point, const std::string& instance, kj::StringPtr why) {
  calls(point, instance, "failed").add();
  bool isNew = failing.insert_or_assign({point, instance}, std::string(why.cStr())).second;
  if (!isNew) return;
  log.warning(instance.c_str(), " does not answer as one of ", point,
              ", so that the default holds: ", why);
}

std::string ExtensionCalls::trouble() const {
  std::string text;
  for (const auto& [who, why] : failing) {
    text += (text.empty() ? "" : "; ") + who.second + " does not answer as one of " + who.first +
            ": " + why;
  }
  return text;
}

}  // namespace maitred::cook
