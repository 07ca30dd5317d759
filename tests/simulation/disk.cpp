#include "disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace maitred::simulation {
namespace {

constexpr int SECTOR = 512;

struct OpenFile {
  sqlite3_file base;  // SQLite knows no more of it
  Disk* disk;
  Disk::File* file;
  const std::string* path;
  int level;
  int flags;
};

OpenFile& of(sqlite3_file* file) {
  return *reinterpret_cast<OpenFile*>(file);
}

void put(std::string& bytes, const Disk::Write& write) {
  if (write.truncate) {
    bytes.resize(write.offset);
    return;
  }
  if (bytes.size() < write.offset + write.data.size()) {
    bytes.resize(write.offset + write.data.size());
  }
  bytes.replace(write.offset, write.data.size(), write.data);
}

int closeFile(sqlite3_file* handle) {
  OpenFile& open = of(handle);
  if ((open.flags & SQLITE_OPEN_DELETEONCLOSE) != 0) open.disk->files.erase(*open.path);
  return SQLITE_OK;
}

int readFile(sqlite3_file* handle, void* out, int size, sqlite3_int64 offset) {
  OpenFile& open = of(handle);
  if (open.disk->dead()) return SQLITE_IOERR_READ;
  const std::string& bytes = open.file->seen;
  std::size_t from = std::min<std::size_t>(offset, bytes.size());
  std::size_t count = std::min<std::size_t>(size, bytes.size() - from);
  std::memcpy(out, bytes.data() + from, count);
  if (count == static_cast<std::size_t>(size)) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + count, 0, size - count);
  return SQLITE_IOERR_SHORT_READ;
}

int writeFile(sqlite3_file* handle, const void* data, int size, sqlite3_int64 offset) {
  return of(handle).disk->write(*of(handle).file, data, size, offset);
}

int truncateFile(sqlite3_file* handle, sqlite3_int64 size) {
  OpenFile& open = of(handle);
  if (open.disk->dead()) return SQLITE_IOERR_TRUNCATE;
  Disk::Write write{static_cast<std::uint64_t>(size), "", true};
  put(open.file->seen, write);
  open.file->unsynced.push_back(std::move(write));
  return SQLITE_OK;
}

int syncFile(sqlite3_file* handle, int) {
  return of(handle).disk->sync(*of(handle).file);
}

int sizeOfFile(sqlite3_file* handle, sqlite3_int64* size) {
  *size = of(handle).file->seen.size();
  return SQLITE_OK;
}

int lockFile(sqlite3_file* handle, int level) {
  OpenFile& open = of(handle);
  Disk::File& file = *open.file;
  auto taken = [&](const void* holder) { return holder != nullptr && holder != handle; };
  if (level <= open.level) return SQLITE_OK;
  if (taken(file.exclusive)) return SQLITE_BUSY;
  if (level >= SQLITE_LOCK_RESERVED && taken(file.reserved)) return SQLITE_BUSY;
  if (level == SQLITE_LOCK_EXCLUSIVE && file.shared > (open.level >= SQLITE_LOCK_SHARED ? 1 : 0)) {
    return SQLITE_BUSY;
  }
  if (open.level < SQLITE_LOCK_SHARED) ++file.shared;
  if (level >= SQLITE_LOCK_RESERVED) file.reserved = handle;
  if (level == SQLITE_LOCK_EXCLUSIVE) file.exclusive = handle;
  open.level = level;
  return SQLITE_OK;
}

int unlockFile(sqlite3_file* handle, int level) {
  OpenFile& open = of(handle);
  Disk::File& file = *open.file;
  if (level >= open.level) return SQLITE_OK;
  if (file.exclusive == handle) file.exclusive = nullptr;
  if (file.reserved == handle) file.reserved = nullptr;
  if (level < SQLITE_LOCK_SHARED && open.level >= SQLITE_LOCK_SHARED) --file.shared;
  open.level = level;
  return SQLITE_OK;
}

int isReserved(sqlite3_file* handle, int* answer) {
  *answer = of(handle).file->reserved != nullptr;
  return SQLITE_OK;
}

int control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}
int sectorSize(sqlite3_file*) {
  return SECTOR;
}
int traits(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;  // as SQLite takes it of real ones
}

int mapMemory(sqlite3_file* handle, int region, int size, int extend, void volatile** out) {
  OpenFile& open = of(handle);
  *out = nullptr;
  if (open.disk->dead() || size > static_cast<int>(sizeof(Disk::Region)))
    return SQLITE_IOERR_SHMMAP;
  Disk::Memory& memory = open.disk->memories[*open.path];
  while (extend != 0 && memory.regions.size() <= static_cast<std::size_t>(region)) {
    memory.regions.push_back(std::make_unique<Disk::Region>());
  }
  if (static_cast<std::size_t>(region) < memory.regions.size()) {
    *out = memory.regions[region]->bytes;
  }
  return SQLITE_OK;
}

int lockMemory(sqlite3_file* handle, int first, int count, int flags) {
  OpenFile& open = of(handle);
  Disk::Memory& memory = open.disk->memories[*open.path];
  bool shared = (flags & SQLITE_SHM_SHARED) != 0;
  if ((flags & SQLITE_SHM_LOCK) != 0) {
    for (int i = first; i < first + count; ++i) {
      auto& lock = memory.locks[i];
      if (lock.exclusive != nullptr && lock.exclusive != handle) return SQLITE_BUSY;
      if (!shared && lock.shared > 0) return SQLITE_BUSY;
    }
  }
  for (int i = first; i < first + count; ++i) {
    auto& lock = memory.locks[i];
    bool taking = (flags & SQLITE_SHM_LOCK) != 0;
    if (shared) {
      lock.shared += taking ? 1 : -1;
    } else {
      lock.exclusive = taking ? handle : nullptr;
    }
  }
  return SQLITE_OK;
}

void memoryBarrier(sqlite3_file*) {}

int unmapMemory(sqlite3_file* handle, int remove) {
  OpenFile& open = of(handle);
  if (remove != 0) open.disk->memories.erase(*open.path);
  return SQLITE_OK;
}

const sqlite3_io_methods METHODS{
    2,          closeFile,     readFile,    writeFile, truncateFile, syncFile, sizeOfFile,
    lockFile,   unlockFile,    isReserved,  control,   sectorSize,   traits,   mapMemory,
    lockMemory, memoryBarrier, unmapMemory, nullptr,   nullptr};

Disk& diskOf(sqlite3_vfs* table) {
  return *static_cast<Disk*>(table->pAppData);
}

int openFile(sqlite3_vfs* table, const char* path, sqlite3_file* handle, int flags, int* out) {
  Disk& disk = diskOf(table);
  handle->pMethods = nullptr;
  if (disk.dead()) return SQLITE_CANTOPEN;
  std::string name = path == nullptr ? "temporary-" + std::to_string(disk.draw()) : path;
  bool creates = (flags & SQLITE_OPEN_CREATE) != 0 || path == nullptr;
  if (!creates && !disk.files.contains(name)) return SQLITE_CANTOPEN;
  auto at = disk.files.try_emplace(name).first;
  new (handle) OpenFile{{&METHODS}, &disk, &at->second, &at->first, SQLITE_LOCK_NONE, flags};
  if (out != nullptr) *out = flags;
  return SQLITE_OK;
}

int deleteFile(sqlite3_vfs* table, const char* path, int) {
  Disk& disk = diskOf(table);
  if (disk.dead()) return SQLITE_IOERR_DELETE;
  return disk.files.erase(path) == 0 ? SQLITE_IOERR_DELETE_NOENT : SQLITE_OK;
}

int accessFile(sqlite3_vfs* table, const char* path, int, int* answer) {
  *answer = diskOf(table).files.contains(path);
  return SQLITE_OK;
}

int fullName(sqlite3_vfs*, const char* path, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", path);
  return SQLITE_OK;
}

int randomBytes(sqlite3_vfs* table, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(diskOf(table).draw());
  return size;
}

int sleepFor(sqlite3_vfs*, int micros) {
  return micros;
}
int currentTime(sqlite3_vfs*, double* days) {
  *days = 2461000.5;  // whenever
  return SQLITE_OK;
}
int lastError(sqlite3_vfs*, int, char*) {
  return 0;
}

}  // namespace

Disk::Disk(std::uint64_t seed) : random(seed), table(std::make_unique<sqlite3_vfs>()) {
  static std::uint64_t count = 0;
  name = "simulated-" + std::to_string(++count);
  std::memset(table.get(), 0, sizeof(sqlite3_vfs));
  table->iVersion = 1;
  table->szOsFile = sizeof(OpenFile);
  table->mxPathname = 1024;
  table->zName = name.c_str();
  table->pAppData = this;
  table->xOpen = openFile;
  table->xDelete = deleteFile;
  table->xAccess = accessFile;
  table->xFullPathname = fullName;
  table->xRandomness = randomBytes;
  table->xSleep = sleepFor;
  table->xCurrentTime = currentTime;
  table->xGetLastError = lastError;
  if (sqlite3_vfs_register(table.get(), 0) != SQLITE_OK) {
    throw std::runtime_error("cannot register the simulated disk");
  }
}

Disk::~Disk() {
  sqlite3_vfs_unregister(table.get());
}

bool Disk::strikes(double chance) {
  if (chance <= 0) return false;
  bool yes = std::uniform_real_distribution<double>(0, 1)(random) < chance;
  if (yes) ++failureCount;
  return yes;
}

int Disk::write(File& file, const void* data, int size, std::uint64_t offset) {
  if (stopped) return SQLITE_IOERR_WRITE;
  bool fails = strikes(faults.write);
  // A failed write may have got through in part.
  std::size_t count = fails ? random() % (size + 1) : static_cast<std::size_t>(size);
  Write write{offset, std::string(static_cast<const char*>(data), count)};
  if (count != 0) {
    put(file.seen, write);
    file.unsynced.push_back(std::move(write));
  }
  if (!fails) return SQLITE_OK;
  return random() % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int Disk::sync(File& file) {
  if (stopped) return SQLITE_IOERR_FSYNC;
  ++syncCount;
  bool fails = strikes(faults.sync);
  // What a failed sync did not write, the system forgets: the next one will not either.
  for (const Write& write : file.unsynced) {
    if (!fails || random() % 2 == 0) put(file.kept, write);
  }
  file.unsynced.clear();
  return fails ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

void Disk::restart(bool powerCut) {
  stopped = false;
  memories.clear();
  for (auto& [path, file] : files) {
    if (powerCut) {
      bool inOrder = random() % 2 == 0;
      std::size_t first = file.unsynced.empty() ? 0 : random() % (file.unsynced.size() + 1);
      for (std::size_t i = 0; i < file.unsynced.size(); ++i) {
        Write write = file.unsynced[i];
        if (inOrder ? i > first : random() % 2 == 0) continue;
        if (inOrder && i == first) {  // the torn one
          write.data.resize(write.data.size() / SECTOR == 0
                                ? write.data.size() / 2
                                : random() % (write.data.size() / SECTOR) * SECTOR);
        }
        put(file.kept, write);
      }
      file.seen = file.kept;
    }
    file.kept = file.seen;
    file.unsynced.clear();
    file.shared = 0;
    file.reserved = file.exclusive = nullptr;
  }
}

}  // namespace maitred::simulation
