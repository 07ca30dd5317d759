#include "shares.h"

namespace maitred::cook {

void Shares::set(std::string_view user, Entry entry) {
  entries.insert_or_assign(std::string(user), entry);
}

Share Shares::of(std::string_view user) const {
  static const Entry NONE;
  auto find = [&](std::string_view name) -> const Entry& {
    auto at = entries.find(name);
    return at == entries.end() ? NONE : at->second;
  };
  const Entry& own = find(user);
  const Entry& common = find(DEFAULT_USER);
  auto pick = [&](std::optional<double> Entry::*resource) {
    if (own.*resource) return *(own.*resource);
    return (common.*resource).value_or(Share::UNLIMITED);
  };
  return {pick(&Entry::mem), pick(&Entry::cpus), pick(&Entry::gpus)};
}

}  // namespace maitred::cook
