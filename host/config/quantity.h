#pragma once
// Numbers with units: "16GiB", "250ms", "1.5", exact.

#include <maitred/schema/config.capnp.h>

#include <cstdint>
#include <optional>
#include <string>

namespace maitred::host {

using config::Unit;

struct WholeNumber {
  __int128 value = 0;
  std::string fault;  // "is not a number", ...; empty if all went well
  std::string hint;
};

// A whole number in the stored unit. Without a suffix a duration or size counts in the stored unit,
// cpus in whole cpus.
WholeNumber parseWhole(const std::string& text, Unit unit);

struct RealNumber {
  double value = 0;
  std::string fault, hint;
};
RealNumber parseReal(const std::string& text, Unit unit);

// As people write it: 30000 ms is "30s", 1024 bytes "1KiB", 500 thousandths of a cpu "0.5". Always
// parses back.
std::string formatQuantity(__int128 value, Unit unit);
std::string formatReal(double value);

// "integer", "size in bytes", "duration in milliseconds", "cpus"
std::string describeUnit(Unit unit);
// "B, kB, MB, …"; empty without a unit.
std::string suffixesOf(Unit unit);

}  // namespace maitred::host
