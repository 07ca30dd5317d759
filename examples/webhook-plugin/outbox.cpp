#include "outbox.h"

#include <algorithm>
#include <tuple>

namespace webhook_plugin {

using maitred::Async;
namespace store = maitred::store;

namespace {

// `told` remembers which ends have been named, because a completed job may change again. Rows
// beyond the newest 100,000 are forgotten: the queue tells old changes no more once they are behind
// the place.
const store::Migration migrations[] = {{1, "outbox", R"(
  CREATE TABLE place (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL,
                      born INTEGER NOT NULL, last TEXT NOT NULL DEFAULT '',
                      last_at INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL UNIQUE,
                        body TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
                        refused INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE INDEX message_turn ON message (refused, tries, id);
  CREATE TABLE told (number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL UNIQUE,
                     attempts INTEGER NOT NULL) STRICT;
)"}};

// How many messages this makes.
int64_t addOne(store::Connection& c, const Arrival& arrival) {
  if (!arrival.event) {
    // It waits or runs (again): its next end is a new one.
    c.execute("DELETE FROM told WHERE job = ?1", arrival.job);
    return 0;
  }
  auto known = c.value<uint32_t>("SELECT attempts FROM told WHERE job = ?1", arrival.job);
  if (known && *known == arrival.attempts) return 0;
  c.execute("INSERT OR REPLACE INTO told (job, attempts) VALUES (?1, ?2)", arrival.job,
            arrival.attempts);
  // No body: an end before the first start, known from now on, but not told.
  if (!arrival.body) return 0;
  return c.execute("INSERT OR IGNORE INTO message (event, body) VALUES (?1, ?2)", *arrival.event,
            *arrival.body);
}

}  // namespace

Async<kj::Own<Outbox>> Outbox::open(std::string url, std::string directory, std::string instance,
                                    int64_t now) {
  auto opened = store::Store::open({.url = url,
                                    .directory = directory,
                                    .migrations = migrations,
                                    .application = "webhook",
                                    .instance = instance});
  auto outbox = kj::heap<Outbox>(co_await opened);
  auto& self = *outbox;
  auto read = self.store->write(0, [now](store::Connection& c) {
    c.execute("INSERT OR IGNORE INTO place (one, sequence, born) VALUES (1, 0, ?1)", now);
    return *c.first<uint64_t, int64_t, std::string, uint64_t>(
        "SELECT sequence, born, last, last_at FROM place");
  });
  std::tie(self.sequence, self.born, self.last, self.lastAt) = co_await read;
  co_await self.count();
  co_return kj::mv(outbox);
}

Async<void> Outbox::count() {
  auto read = store->read([](store::Connection& c) {
    return *c.first<uint64_t, uint64_t>(
        "SELECT count(*), coalesce(sum(refused), 0) FROM message");
  });
  auto [all, bad] = co_await read;
  waitingCount = all - bad;
  refusedCount = bad;
}

Async<void> Outbox::add(std::vector<Arrival> arrivals, uint64_t upTo) {
  std::string job = last;
  uint64_t at = lastAt;
  for (auto& arrival : arrivals) {
    if (arrival.sequence >= at) {
      job = arrival.job;
      at = arrival.sequence;
    }
  }
  auto written = store->write(fence, [arrivals = std::move(arrivals), upTo, job,
                                      at](store::Connection& c) {
    uint64_t added = 0;
    for (auto& arrival : arrivals) added += addOne(c, arrival);
    // Never back: the last call of an ended subscription may come after the first of the next.
    c.execute("UPDATE place SET sequence = max(sequence, ?1), last = ?2, last_at = ?3", upTo, job,
              at);
    c.execute("DELETE FROM told WHERE number <= (SELECT max(number) FROM told) - 100000");
    return std::make_tuple(*c.value<uint64_t>("SELECT sequence FROM place"), added);
  });
  auto [place, added] = co_await written;
  sequence = std::max(sequence, place);
  last = job;
  lastAt = at;
  waitingCount += added;
}

Async<void> Outbox::startOver() {
  auto written = store->write(fence, [](store::Connection& c) {
    c.execute("UPDATE place SET sequence = 0, last_at = 0");
  });
  co_await written;
  sequence = lastAt = 0;
}

Async<std::vector<Message>> Outbox::take(uint32_t most) {
  auto written = store->write(fence, [most](store::Connection& c) {
    std::vector<Message> out;
    c.each(
        "SELECT id, event, body, tries + 1 FROM message WHERE refused = 0 "
        "ORDER BY tries, id LIMIT ?1",
        [&](const store::Row& row) {
          out.push_back({row.get<int64_t>(0), row.get<std::string>(1), row.get<std::string>(2),
                         row.get<uint32_t>(3)});
        },
        most);
    for (auto& message : out) {
      c.execute("UPDATE message SET tries = ?2 WHERE id = ?1", message.id, message.tries);
    }
    return out;
  });
  co_return co_await written;
}

Async<void> Outbox::finish(std::vector<std::pair<int64_t, Outcome>> outcomes) {
  auto written = store->write(fence, [outcomes](store::Connection& c) {
    for (auto& [id, outcome] : outcomes) {
      if (outcome == Outcome::sent) c.execute("DELETE FROM message WHERE id = ?1", id);
      if (outcome == Outcome::refused) {
        c.execute("UPDATE message SET refused = 1 WHERE id = ?1", id);
      }
    }
  });
  co_await written;
  for (auto& [id, outcome] : outcomes) {
    waitingCount -= outcome != Outcome::away;
    refusedCount += outcome == Outcome::refused;
  }
}

Async<uint64_t> Outbox::retryRefused() {
  auto written = store->write(fence, [](store::Connection& c) {
    return uint64_t(c.execute("UPDATE message SET refused = 0 WHERE refused = 1"));
  });
  auto changed = co_await written;
  co_await count();
  co_return changed;
}

}  // namespace webhook_plugin
