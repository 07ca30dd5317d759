#pragma once
// The 128 bits of a UUID as a value: jobs and instances are known by it, so it must be small and
// quick.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace maitred::cook {

struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  // Takes the form 8-4-4-4-12 in hexadecimal, either case, and nothing else.
  static std::optional<Uuid> parse(std::string_view text);

  // A random (version 4) UUID out of 128 random bits.
  static Uuid fromRandom(std::uint64_t high, std::uint64_t low);
  // The same, out of a generator of 64 bits. One number after the other: compilers differ in the
  // order in which they work out arguments, and a seed is to give the same in all of them.
  template <typename Generator>
  static Uuid draw(Generator& random) {
    std::uint64_t low = random();
    return fromRandom(random(), low);
  }

  // Always lower case.
  std::string text() const;

  bool isNull() const { return high == 0 && low == 0; }
  auto operator<=>(const Uuid&) const = default;
};

}  // namespace maitred::cook

template <>
struct std::hash<maitred::cook::Uuid> {
  std::size_t operator()(const maitred::cook::Uuid& id) const noexcept {
    return id.high ^ (id.low * 0x9e3779b97f4a7c15ull);
  }
};
