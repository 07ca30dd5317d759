#include "entitlements.h"

namespace maitred::cook {
namespace {

template <typename T>
void take(std::optional<T>& value, const std::optional<T>& other) {
  if (!value) value = other;
}

}  // namespace

void fill(ShareRow& row, const ShareRow& other) {
  take(row.mem, other.mem);
  take(row.cpus, other.cpus);
  take(row.gpus, other.gpus);
}

void fill(QuotaRow& row, const QuotaRow& other) {
  take(row.mem, other.mem);
  take(row.cpus, other.cpus);
  take(row.gpus, other.gpus);
  take(row.count, other.count);
  take(row.launchRateSaved, other.launchRateSaved);
  take(row.launchRatePerMinute, other.launchRatePerMinute);
}

}  // namespace maitred::cook
