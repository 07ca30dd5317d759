#pragma once
// RateLimiter: a token bucket for each user, which is full when it is first asked for. Kept in
// memory alone: after a restart everybody begins with a full one.

#include "token-bucket.h"

#include <map>
#include <string>

namespace maitred::cook {

struct Rate {
  double saved = 0;      // tokens that can be saved up
  double perMinute = 0;  // tokens that are earned
  bool operator==(const Rate&) const = default;
};

class RateLimiter {
 public:
  // What nobody has asked for during that time is forgotten, but not before it is full again: then
  // it makes no difference.
  void setIdleMs(std::int64_t value) { idleMs = value; }

  // The user's bucket as of now. One that had another rate begins anew, and is full. Valid until
  // the next call.
  TokenBucket& of(const std::string& user, const Rate& rate, std::int64_t nowMs);
  // The user's next bucket is a full one; that of each user.
  void flush(const std::string& user) { buckets.erase(user); }
  void flush() { buckets.clear(); }
  std::size_t size() const { return buckets.size(); }

 private:
  struct Entry {
    Rate rate;
    TokenBucket bucket;
    std::int64_t askedMs;
  };
  std::map<std::string, Entry> buckets;
  std::int64_t idleMs = 120 * 60'000;
  std::size_t tidyAbove = 1000;

  void tidy(std::int64_t nowMs);
};

}  // namespace maitred::cook
