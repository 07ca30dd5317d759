#include "submission-verdicts.h"

#include <algorithm>

namespace maitred::cook {
namespace {

constexpr std::size_t FAULTS_TOLD = 3;

}  // namespace

SubmissionVerdict joined(std::span<const SubmissionVerdict> verdicts) {
  SubmissionVerdict all;
  bool first = true;
  for (const SubmissionVerdict& one : verdicts) {
    all.expiresMs = first ? one.expiresMs : std::min(all.expiresMs, one.expiresMs);
    first = false;
    if (one.accepted) continue;
    if (!all.accepted) all.message += '\n';
    all.message += one.message;
    all.accepted = false;
  }
  return all;
}

std::string refusalText(std::span<const std::string> faults) {
  std::string text;
  if (faults.size() > FAULTS_TOLD) {
    text = "Total of " + std::to_string(faults.size()) + " errors; first 3 are:\n";
  }
  for (std::size_t i = 0; i < std::min(faults.size(), FAULTS_TOLD); ++i) {
    text += (i == 0 ? "" : "\n") + faults[i];
  }
  return text;
}

void VerdictCache::drop(std::multimap<std::int64_t, Key>::iterator at) {
  verdicts.erase(at->second);
  byExpiry.erase(at);
}

std::optional<SubmissionVerdict> VerdictCache::find(const Key& key, std::int64_t nowMs) {
  while (!byExpiry.empty() && byExpiry.begin()->first <= nowMs) drop(byExpiry.begin());
  auto at = verdicts.find(key);
  if (at == verdicts.end()) return std::nullopt;
  return at->second;
}

void VerdictCache::keep(Key key, SubmissionVerdict verdict, std::int64_t nowMs) {
  if (verdict.expiresMs <= nowMs) return;
  std::int64_t expires = verdict.expiresMs;
  if (!verdicts.try_emplace(key, std::move(verdict)).second) return;
  byExpiry.emplace(expires, std::move(key));
  if (verdicts.size() > MOST) drop(byExpiry.begin());
}

void VerdictCache::clear() {
  verdicts.clear();
  byExpiry.clear();
}

}  // namespace maitred::cook
