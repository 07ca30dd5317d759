#pragma once
// The config as plain values, so that nothing holds on to a Reader across a reload, and what
// follows from it for one job.

#include <cook-demo.capnp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cook_demo {

struct Rules {
  struct Refusal {
    std::string prefix, message;
  };
  struct Deferral {
    std::string prefix, message;
    uint32_t times, holdMs;
  };
  std::vector<Refusal> refusals;
  std::vector<Deferral> deferrals;

  Rules() = default;
  explicit Rules(DemoConfig::Reader config) {
    for (auto one : config.getRefuse()) {
      refusals.push_back({one.getPrefix().cStr(), one.getMessage().cStr()});
    }
    for (auto one : config.getDefer()) {
      deferrals.push_back({one.getPrefix().cStr(), one.getMessage().cStr(), one.getTimes(),
                           one.getHold()});
    }
  }

  // Why a job of that name is refused, line by line; nothing: it is not.
  std::optional<std::string> refusal(std::string_view name) const {
    std::optional<std::string> text;
    for (auto& one : refusals) {
      if (!name.starts_with(one.prefix)) continue;
      text = text ? *text + '\n' + one.message : one.message;
    }
    return text;
  }

  // The rule by which it does not start yet, after so many deferrals; null: it may.
  const Deferral* deferral(std::string_view name, uint32_t deferrals) const {
    for (auto& one : this->deferrals) {
      if (name.starts_with(one.prefix)) return deferrals < one.times ? &one : nullptr;
    }
    return nullptr;
  }
};

}  // namespace cook_demo
