#include "journal.h"

namespace maitred::cook {
namespace {

constexpr std::size_t JOBS_PER_WRITE = 2000;
constexpr std::size_t PRUNED_AT_ONCE = 1000;
constexpr kj::Duration FIRST_PAUSE = 100 * kj::MILLISECONDS;
constexpr kj::Duration LONGEST_PAUSE = 5 * kj::SECONDS;

JobUpdate updateOf(const Book::Change& change) {
  Job& job = *change.job;
  JobUpdate update{
      job.spec.id,  job.state, job.waitingSinceMs, job.completedMs, job.spec.maxRetries,
      job.sequence, {},        change.withdrawn};
  std::set<Uuid> touched(change.touched.begin(), change.touched.end());
  for (const Uuid& id : touched) {
    if (const Instance* one = job.find(id)) update.instances.push_back(*one);
  }
  return update;
}

}  // namespace

Journal::Journal(Book& book, Records& records, kj::Timer& timer, log::Logger& log)
    : book(book),
      records(records),
      timer(timer),
      log(log),
      durable(book.sequence()),
      pause(FIRST_PAUSE),
      tasks(*this) {}

kj::Promise<void> Journal::flush() {
  if (!writing && !book.hasChanges()) return kj::READY_NOW;
  if (next == nullptr) {
    auto pair = kj::newPromiseAndFulfiller<void>();
    next = Batch{pair.promise.fork(), kj::mv(pair.fulfiller)};
  }
  auto waiting = KJ_ASSERT_NONNULL(next).done.addBranch();
  // Whatever else happens in this turn of the loop goes into the same write.
  if (!writing) {
    writing = true;
    tasks.add(kj::evalLater([this] { startWrite(); }));
  }
  return waiting;
}

void Journal::startWrite() {
  auto batch = kj::mv(next);
  next = nullptr;
  std::uint64_t upTo = book.sequence();
  std::vector<Book::Change> changes = book.takeChanges(SIZE_MAX);
  auto copy = changes;
  tasks.add(writeAll(kj::mv(changes))
                .then(
                    [this, upTo]() {
                      durable = std::max(durable, upTo);
                      succeeded();
                      return kj::Maybe<kj::Exception>(nullptr);
                    },
                    [this, copy = std::move(copy)](kj::Exception&& exception) mutable {
                      book.giveBack(std::move(copy));
                      failed(exception);
                      return kj::Maybe<kj::Exception>(kj::mv(exception));
                    })
                .then([this, batch = kj::mv(batch)](kj::Maybe<kj::Exception> fault) mutable {
                  KJ_IF_MAYBE (waiting, batch) {
                    KJ_IF_MAYBE (exception, fault) {
                      waiting->fulfiller->reject(kj::mv(*exception));
                    } else {
                      waiting->fulfiller->fulfill();
                    }
                  }
                  if (next != nullptr) {
                    startWrite();
                  } else {
                    writing = false;
                  }
                }));
}

kj::Promise<void> Journal::writeAll(std::vector<Book::Change> changes) {
  kj::Vector<kj::Promise<void>> writes;
  std::vector<JobUpdate> updates;
  for (const Book::Change& change : changes) {
    updates.push_back(updateOf(change));
    if (updates.size() == JOBS_PER_WRITE) {
      writes.add(records.update(fence, std::move(updates)));
      updates.clear();
    }
  }
  if (!updates.empty()) writes.add(records.update(fence, std::move(updates)));
  return kj::joinPromises(writes.releaseAsArray());
}

void Journal::succeeded() {
  if (!fault.empty()) log.info("the store works again");
  fault.clear();
  pause = FIRST_PAUSE;
  durableCallback();
}

void Journal::failed(const kj::Exception& exception) {
  if (fault.empty()) log.error("cannot write to the store: ", exception.getDescription());
  fault = exception.getDescription().cStr();
  tasks.add(timer.afterDelay(pause)
                .then([this] { return flush(); })
                .then([] {}, [](kj::Exception&&) {}));  // which was told by then
  pause = kj::min(pause * 2, LONGEST_PAUSE);
}

kj::Promise<void> Journal::insert(std::vector<Job> jobs) {
  for (Job& job : jobs) {
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    inserting.insert(job.spec.id);
    unadded.insert(job.sequence);
  }
  auto copy = jobs;
  auto release = [this](const std::vector<Job>& jobs) {
    for (const Job& job : jobs) {
      inserting.erase(job.spec.id);
      unadded.erase(job.sequence);
    }
  };
  return inserts.run(
      records.insert(fence, std::move(copy))
          .then(
              [this, release, jobs]() mutable {
                release(jobs);
                std::uint64_t last = jobs.empty() ? 0 : jobs.back().sequence;
                for (Job& job : jobs) book.add(std::move(job));
                // Otherwise the write that is due says what is durable.
                if (!writing && !book.hasChanges()) durable = std::max(durable, last);
                succeeded();
              },
              [this, release, jobs](kj::Exception&& exception) {
                release(jobs);
                if (fault.empty())
                  log.error("cannot write to the store: ", exception.getDescription());
                fault = exception.getDescription().cStr();
                // The next write that succeeds clears it; without one nobody would try again.
                tasks.add(timer.afterDelay(pause).then([this] { fault = records.trouble(); }));
                kj::throwFatalException(kj::mv(exception));
              }));
}

kj::Promise<std::size_t> Journal::prune(std::int64_t beforeMs, std::size_t keep) {
  if (writing || book.hasChanges()) return std::size_t{0};
  std::vector<Uuid> ids;
  std::vector<Job*> old;
  std::size_t left = book.completed().size();
  for (const auto& [when, job] : book.completed()) {
    if (old.size() == PRUNED_AT_ONCE || (when.first >= beforeMs && left <= keep)) break;
    if (job->live() != nullptr) continue;
    ids.push_back(job->spec.id);
    old.push_back(job);
    --left;
  }
  if (ids.empty()) return std::size_t{0};
  for (Job* job : old) book.forget(*job);
  std::size_t count = ids.size();
  return records.remove(fence, std::move(ids)).then([count] { return count; });
}

std::uint64_t Journal::durableSequence() const {
  return unadded.empty() ? durable : std::min(durable, *unadded.begin() - 1);
}

void Journal::taskFailed(kj::Exception&& exception) {
  log.error("journal: ", exception);
}

}  // namespace maitred::cook
