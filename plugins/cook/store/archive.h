#pragma once
// Archive: completed jobs that the queue has let go of, in a store of their own beside the queue's.
// Its tables `jobs` and `instances` have the columns of the queue's own, and `archived_ms` besides,
// so that the same questions can be put to it, also to both at once:
//
//   sqlite3 -readonly cook-archive.db "SELECT user, count(*) FROM jobs GROUP BY 1"
//   sqlite3 -readonly cook.db "ATTACH 'file:cook-archive.db?mode=ro' AS old;
//     SELECT uuid, user, completed_ms FROM jobs UNION ALL SELECT uuid, user, completed_ms FROM
//     old.jobs"
//
// A job is durable here before it is deleted there. If the process dies between the two, it is in
// both and is archived once more: that changes nothing, since it replaces itself.

#include "records.h"

namespace maitred::cook {

class Archive {
 public:
  // Of the store with this URL: `sqlite:cook.db` has `sqlite:cook-archive.db`.
  static std::string urlFor(const std::string& url);
  // `options` are those of the queue's store; the URL is changed as above.
  static kj::Promise<kj::Own<Archive>> open(store::Options options);
  explicit Archive(kj::Own<store::Store> store) : store_(kj::mv(store)) {}

  // All of them or none. Replaces jobs with the same ids. The jobs must not change until it
  // resolves.
  kj::Promise<void> put(std::uint64_t fence, std::shared_ptr<const std::vector<Job>> jobs,
                        std::int64_t nowMs);
  // Deletes what was archived before that time, at most `most` jobs; resolves with their number.
  kj::Promise<std::size_t> trim(std::uint64_t fence, std::int64_t beforeMs, std::size_t most);

  store::Store& store() { return *store_; }
  kj::Promise<void> close() { return store_->close(); }

 private:
  kj::Own<store::Store> store_;
};

}  // namespace maitred::cook
