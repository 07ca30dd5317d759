#pragma once
// Disk: a disk in memory below SQLite, with the faults of a real one: writes and syncs that fail,
// and a power cut after which what was not synced is there in part, the last record torn.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace maitred::simulation {

class Disk {
 public:
  struct Faults {  // probabilities of a single operation
    double write = 0;
    double sync = 0;
  };

  explicit Disk(std::uint64_t seed);
  ~Disk();
  Disk(const Disk&) = delete;

  const std::string& vfs() const { return name; }  // for store::Options
  void setFaults(Faults value) { faults = value; }
  // From here on nothing is written any more: the process is dead, its objects only do not know.
  void stop() { stopped = true; }
  // The process has ended, all files are closed; the next one may come. After a power cut only
  // what was synced is there for certain; otherwise every write is.
  void restart(bool powerCut);

  std::uint64_t syncs() const { return syncCount; }
  std::uint64_t failures() const { return failureCount; }

  struct Write {
    std::uint64_t offset;
    std::string data;
    bool truncate = false;  // to `offset`
  };
  struct File {
    std::string seen;             // by who reads now
    std::string kept;             // on the platter
    std::vector<Write> unsynced;  // on their way from the one to the other
    int shared = 0;               // locks
    const void* reserved = nullptr;
    const void* exclusive = nullptr;
  };
  struct Region {
    alignas(8) char bytes[32768] = {};
  };
  struct Memory {  // that the connections to one file share
    std::vector<std::unique_ptr<Region>> regions;
    struct Lock {
      int shared = 0;
      const void* exclusive = nullptr;
    } locks[8];
  };

  // For the callbacks of SQLite.
  bool dead() const { return stopped; }
  bool strikes(double chance);
  std::uint64_t draw() { return random(); }
  int write(File& file, const void* data, int size, std::uint64_t offset);
  int sync(File& file);
  std::map<std::string, File> files;
  std::map<std::string, Memory> memories;
  Faults faults;

 private:
  std::mt19937_64 random;
  std::string name;
  std::unique_ptr<sqlite3_vfs> table;
  bool stopped = false;
  std::uint64_t syncCount = 0, failureCount = 0;
};

}  // namespace maitred::simulation
