#pragma once
// Amounts of resources in the backends' units, so that sums are exact.

#include "types.h"

#include <algorithm>

namespace maitred::cook {

struct Amount {
  // Of nodes that do not say which ports they have.
  static constexpr std::int64_t ANY_PORTS = std::int64_t{1} << 30;
  std::int64_t cpuMillis = 0;
  std::int64_t memBytes = 0;
  std::int64_t ports = 0;
  std::int64_t gpus = 0;

  // What a job asks for, rounded up to what a backend can express.
  static Amount of(const JobSpec& spec);

  bool fitsIn(const Amount& free) const {
    return cpuMillis <= free.cpuMillis && memBytes <= free.memBytes && ports <= free.ports &&
           gpus <= free.gpus;
  }
  Amount& operator+=(const Amount& more) {
    cpuMillis += more.cpuMillis;
    memBytes += more.memBytes;
    ports += more.ports;
    gpus += more.gpus;
    return *this;
  }
  Amount& operator-=(const Amount& less) {
    cpuMillis -= less.cpuMillis;
    memBytes -= less.memBytes;
    ports -= less.ports;
    gpus -= less.gpus;
    return *this;
  }
  friend Amount operator-(Amount a, const Amount& b) { return a -= b; }
  void raiseTo(const Amount& other) {
    cpuMillis = std::max(cpuMillis, other.cpuMillis);
    memBytes = std::max(memBytes, other.memBytes);
    ports = std::max(ports, other.ports);
    gpus = std::max(gpus, other.gpus);
  }
  void lowerTo(const Amount& other) {
    cpuMillis = std::min(cpuMillis, other.cpuMillis);
    memBytes = std::min(memBytes, other.memBytes);
    ports = std::min(ports, other.ports);
    gpus = std::min(gpus, other.gpus);
  }
  // Whether it is equal to the other in any of the resources.
  bool touches(const Amount& other) const {
    return cpuMillis == other.cpuMillis || memBytes == other.memBytes || ports == other.ports ||
           gpus == other.gpus;
  }
  bool operator==(const Amount&) const = default;
};

}  // namespace maitred::cook
