#pragma once
// A token bucket: what is not spent is saved up to a size. Spending always succeeds and may leave a
// debt; whoever is in debt waits. Times are of any one clock, in ms.

#include <cstdint>
#include <optional>

namespace maitred::cook {

class TokenBucket {
 public:
  // `perMs` tokens are earned each ms, `size` are kept at most; neither below 0. A bucket starts
  // full unless told otherwise.
  TokenBucket(double perMs, double size, std::int64_t nowMs)
      : TokenBucket(perMs, size, nowMs, size) {}
  TokenBucket(double perMs, double size, std::int64_t nowMs, double tokens)
      : perMs(perMs), size(size), lastMs(nowMs), tokens_(tokens) {}

  // Adds what was earned until now: whole tokens only; what is left over counts the next time, so
  // that nothing is lost however often it is looked at.
  void earn(std::int64_t nowMs);
  void spend(std::int64_t count, std::int64_t nowMs);
  // As of the last earn() or spend().
  double tokens() const { return tokens_; }
  bool inDebt() const { return tokens_ < 0; }
  bool full() const { return tokens_ >= size; }
  // How long until the debt is paid, ms; 0 without debt.
  std::int64_t clearAfterMs() const;
  // When there are so many tokens, if none is spent until then; nothing: never.
  std::optional<std::int64_t> hasAtMs(double count) const;
  std::int64_t updatedMs() const { return lastMs; }

 private:
  double perMs, size;
  std::int64_t lastMs;
  double tokens_;
  double broken = 0;  // the part of a token that was earned by lastMs, below 1
};

}  // namespace maitred::cook
