#include "quotas.h"

namespace maitred::cook {

Quota Quotas::of(std::string_view user) const {
  Entry entry = resolved(user);
  Quota quota;
  quota.mem = entry.mem.value_or(quota.mem);
  quota.cpus = entry.cpus.value_or(quota.cpus);
  quota.gpus = entry.gpus.value_or(quota.gpus);
  quota.count = entry.count.value_or(quota.count);
  quota.launchRateSaved = entry.launchRateSaved.value_or(quota.launchRateSaved);
  quota.launchRatePerMinute = entry.launchRatePerMinute.value_or(quota.launchRatePerMinute);
  return quota;
}

}  // namespace maitred::cook
