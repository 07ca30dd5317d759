#include "shares.h"

namespace maitred::cook {

Share Shares::of(std::string_view user) const {
  Entry entry = resolved(user);
  return {entry.mem.value_or(Share::UNLIMITED), entry.cpus.value_or(Share::UNLIMITED),
          entry.gpus.value_or(Share::UNLIMITED)};
}

}  // namespace maitred::cook
