#include "progress.h"

#include <algorithm>

namespace maitred::cook {

std::string cutMessage(std::string_view message) {
  if (message.size() <= PROGRESS_MESSAGE_BYTES) return std::string(message);
  std::size_t end = PROGRESS_MESSAGE_BYTES;
  // Not behind the first byte of a character that goes on.
  while (end > PROGRESS_MESSAGE_BYTES - 4 &&
         (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) {
    --end;
  }
  return std::string(message.substr(0, end));
}

void ProgressReports::configure(const ProgressLimits& value) {
  limits = value;
  trim();
}

ProgressReports::Taken ProgressReports::offer(const Uuid& instance, ProgressReport report,
                                              std::int64_t nowMs) {
  auto last = latest(instance, nowMs);
  if (last && report.sequence <= *last) return Taken::stale;
  auto at = waiting.find(instance);
  if (at == waiting.end() && waiting.size() >= limits.pending) return Taken::full;
  if (report.message) report.message = cutMessage(*report.message);
  remember(instance, report.sequence, nowMs);
  if (at != waiting.end()) {
    at->second.first = std::move(report);
  } else {
    order.push_back(instance);
    waiting.emplace(instance, std::pair(std::move(report), std::prev(order.end())));
  }
  return Taken::accepted;
}

std::vector<ProgressReports::Due> ProgressReports::take() {
  std::vector<Due> due;
  due.reserve(std::min(limits.batch, waiting.size()));
  while (due.size() < limits.batch && !order.empty()) {
    auto at = waiting.find(order.front());
    due.push_back({at->first, std::move(at->second.first)});
    waiting.erase(at);
    order.pop_front();
  }
  return due;
}

std::optional<std::int64_t> ProgressReports::latest(const Uuid& instance,
                                                    std::int64_t nowMs) const {
  // What waits must not be replaced by something older, however long it does.
  if (auto at = waiting.find(instance); at != waiting.end()) return at->second.first.sequence;
  auto at = seen.find(instance);
  if (at == seen.end() || nowMs - at->second.usedMs > 10 * limits.intervalMs) return std::nullopt;
  return at->second.sequence;
}

void ProgressReports::remember(const Uuid& instance, std::int64_t sequence, std::int64_t nowMs) {
  auto [at, fresh] = seen.try_emplace(instance, Seen{sequence, nowMs, recent.end()});
  if (fresh) {
    recent.push_front(instance);
    at->second.place = recent.begin();
  } else {
    recent.splice(recent.begin(), recent, at->second.place);
    at->second.sequence = sequence;
    at->second.usedMs = nowMs;
  }
  trim();
}

void ProgressReports::trim() {
  while (seen.size() > limits.sequences) {
    seen.erase(recent.back());
    recent.pop_back();
  }
}

}  // namespace maitred::cook
