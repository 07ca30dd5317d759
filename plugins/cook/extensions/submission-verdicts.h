#pragma once
// What validators have said of a submission: how several verdicts on one job become one, the text
// that the client gets, and how long a verdict may be used again.

#include <core/uuid.h>

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace maitred::cook {

struct SubmissionVerdict {
  bool accepted = true;
  std::string message;          // why it was rejected
  std::int64_t expiresMs = 0;   // unix time; 0: not to be used again
};

// All must accept; the messages of those that do not are joined line by line, in their order. It
// holds as long as the first of them to expire.
SubmissionVerdict joined(std::span<const SubmissionVerdict> verdicts);

// For the client: the message of each job that was rejected. Of more than three the first three and
// how many there are.
std::string refusalText(std::span<const std::string> faults);

// Verdicts that hold for some time, by who gave it, the job's id, and a digest of the job as it was
// asked about: another job under the same id is another question.
class VerdictCache {
 public:
  static constexpr std::size_t MOST = 20'000;

  struct Key {
    std::string provider;
    Uuid job;
    std::uint64_t digest = 0;
    auto operator<=>(const Key&) const = default;
  };
  std::optional<SubmissionVerdict> find(const Key& key, std::int64_t nowMs);
  // Of too many those go first that expire first.
  void keep(Key key, SubmissionVerdict verdict, std::int64_t nowMs);
  void clear();
  std::size_t size() const { return verdicts.size(); }

 private:
  std::map<Key, SubmissionVerdict> verdicts;
  std::multimap<std::int64_t, Key> byExpiry;

  void drop(std::multimap<std::int64_t, Key>::iterator at);
};

}  // namespace maitred::cook
