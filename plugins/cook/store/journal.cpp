#include "journal.h"

#include <algorithm>

namespace maitred::cook {
namespace {

constexpr kj::Duration FIRST_PAUSE = 100 * kj::MILLISECONDS;
constexpr kj::Duration LONGEST_PAUSE = 5 * kj::SECONDS;

JobUpdate updateOf(const Book::Change& change) {
  Job& job = *change.job;
  JobUpdate update{
      job.spec.id,  job.state, job.waitingSinceMs, job.completedMs, job.spec.maxRetries,
      job.sequence, {},        change.withdrawn};
  std::vector<Uuid> touched = change.touched;
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  update.instances.reserve(touched.size());
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
  if (!writing && !due()) return kj::READY_NOW;
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
  Load load{book.takeChanges(SIZE_MAX), std::move(notes), book.sequence()};
  notes.clear();
  // In an order that does not depend on addresses: the same run writes the same.
  std::sort(load.changes.begin(), load.changes.end(),
            [](const auto& a, const auto& b) { return a.job->order < b.job->order; });
  auto written = write(load);
  // Held by one lambda only, so that nothing of it is copied.
  auto owed = kj::heap(std::move(load));
  Load& kept = *owed;
  tasks.add(written
                .then(
                    [this, &kept]() {
                      durable = std::max(durable, kept.upTo);
                      for (const Book::Change& one : kept.changes) writtenCallback(one.touched);
                      succeeded();
                      return kj::Maybe<kj::Exception>(nullptr);
                    },
                    [this, &kept](kj::Exception&& exception) {
                      giveBack(std::move(kept));
                      failed(exception);
                      return kj::Maybe<kj::Exception>(kj::mv(exception));
                    })
                .attach(kj::mv(owed))
                .then([this, batch = kj::mv(batch)](kj::Maybe<kj::Exception> fault) mutable {
                  ended(kj::mv(batch), kj::mv(fault));
                }));
}

void Journal::giveBack(Load load) {
  book.giveBack(std::move(load.changes));
  // In front of what was noted meanwhile, so that the lines keep their order.
  load.notes.insert(load.notes.end(), std::make_move_iterator(notes.begin()),
                    std::make_move_iterator(notes.end()));
  notes = std::move(load.notes);
}

void Journal::ended(kj::Maybe<Batch> batch, kj::Maybe<kj::Exception> fault) {
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
}

kj::Promise<void> Journal::write(const Load& load) {
  std::vector<JobUpdate> updates;
  updates.reserve(load.changes.size());
  for (const Book::Change& change : load.changes) updates.push_back(updateOf(change));
  return records.update(fence, std::move(updates), load.notes);
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

kj::Promise<void> Journal::insert(std::vector<Job> jobs, std::vector<GroupRow> groups,
                                  std::vector<AuditLine> audit) {
  for (Job& job : jobs) {
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    inserting.insert(job.spec.id);
  }
  if (!jobs.empty()) unadded.insert(jobs.front().sequence);
  for (const GroupRow& group : groups) insertingGroups.insert(group.spec.id);
  // The store's thread reads the jobs, then the book takes the same ones.
  auto fresh = kj::heap<Fresh>(
      Fresh{std::make_shared<std::vector<Job>>(std::move(jobs)), std::move(groups)});
  Fresh& kept = *fresh;
  return inserts.run(records.insert(fence, kept.jobs, kept.groups, std::move(audit))
                         .then([this, &kept]() { inserted(kept); },
                               [this, &kept](kj::Exception&& exception) {
                                 release(kept);
                                 refused(exception);
                                 kj::throwFatalException(kj::mv(exception));
                               })
                         .attach(kj::mv(fresh)));
}

// Of new jobs, which are not owed: whoever sent them hears of it.
void Journal::refused(const kj::Exception& exception) {
  if (exception.getType() != kj::Exception::Type::OVERLOADED) return;  // their own fault
  if (fault.empty()) log.error("cannot write to the store: ", exception.getDescription());
  fault = exception.getDescription().cStr();
  tryAgain();
}

// Nothing may be owed that would be written again: whether the store works is tried until it does.
void Journal::tryAgain() {
  if (trying) return;
  trying = true;
  auto tried = timer.afterDelay(pause).then([this] { return records.trial(); });
  tasks.add(tried.then(
      [this] {
        trying = false;
        succeeded();
      },
      [this](kj::Exception&& exception) {
        trying = false;
        fault = exception.getDescription().cStr();
        pause = kj::min(pause * 2, LONGEST_PAUSE);
        tryAgain();
      }));
}

void Journal::release(const Fresh& fresh) {
  for (const Job& job : *fresh.jobs) inserting.erase(job.spec.id);
  if (!fresh.jobs->empty()) unadded.erase(fresh.jobs->front().sequence);
  for (const GroupRow& group : fresh.groups) {
    insertingGroups.erase(insertingGroups.find(group.spec.id));
  }
}

void Journal::inserted(Fresh& fresh) {
  release(fresh);
  std::vector<Job>& jobs = *fresh.jobs;
  std::uint64_t last = jobs.empty() ? 0 : jobs.back().sequence;
  for (GroupRow& group : fresh.groups) book.addGroup(std::move(group.spec), group.createdMs);
  for (Job& job : jobs) book.add(std::move(job));
  // Otherwise the write that is due says what is durable.
  if (!writing && !due()) durable = std::max(durable, last);
  succeeded();
}

void Journal::loaded(Counters counters) {
  book.startAfter(counters.order, counters.sequence);
  durable = book.sequence();
}

std::uint64_t Journal::durableSequence() const {
  return unadded.empty() ? durable : std::min(durable, *unadded.begin() - 1);
}

void Journal::taskFailed(kj::Exception&& exception) {
  log.error("journal: ", exception);
}

}  // namespace maitred::cook
