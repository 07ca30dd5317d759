#pragma once
// How a task is limited, in the words of its launch and in those of the code.

#include "cgroup/cgroup.h"
#include "record.capnp.h"

namespace maitred::local {

inline LimitKind kindOf(Limits::Kind kind) {
  switch (kind) {
    case Limits::Kind::WATCH:
      return LimitKind::watch;
    case Limits::Kind::V1:
      return LimitKind::v1;
    case Limits::Kind::V2:
      return LimitKind::v2;
    default:
      return LimitKind::none;
  }
}

}  // namespace maitred::local
