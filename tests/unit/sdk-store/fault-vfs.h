#pragma once
// A file system below SQLite that fails when it is told to. Everything else goes to the real one.

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <string>

namespace maitred::store {

enum class Operation { write, sync, truncate };

// One at a time in a process, named "faulty". Methods may be called from any thread.
class FaultVfs {
 public:
  static FaultVfs& get() {
    static FaultVfs only;
    return only;
  }

  // The `after`-th such operation from now on (0 = the next) fails with `code`, and `times` - 1
  // more.
  void failAt(Operation operation, int after, int code, int times = 1) {
    which = operation;
    left = after;
    faults = times;
    result = code;
    armed = true;
  }
  // No more faults; tells whether there was one.
  bool disarm() {
    armed = false;
    return struck.exchange(false);
  }

 private:
  struct File {
    sqlite3_file base;
    sqlite3_file* real;
  };

  FaultVfs() {
    real = sqlite3_vfs_find(nullptr);
    vfs = *real;
    vfs.zName = "faulty";
    vfs.szOsFile = int(sizeof(File)) + real->szOsFile;
    vfs.xOpen = open;
    sqlite3_vfs_register(&vfs, 0);
    methods.iVersion = 3;
    methods.xClose = [](sqlite3_file* f) { return below(f)->pMethods->xClose(below(f)); };
    methods.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
      return below(f)->pMethods->xRead(below(f), to, size, at);
    };
    methods.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
      int fault = get().faultOf(Operation::write);
      return fault != 0 ? fault : below(f)->pMethods->xWrite(below(f), from, size, at);
    };
    methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      int fault = get().faultOf(Operation::truncate);
      return fault != 0 ? fault : below(f)->pMethods->xTruncate(below(f), size);
    };
    methods.xSync = [](sqlite3_file* f, int flags) {
      int fault = get().faultOf(Operation::sync);
      return fault != 0 ? fault : below(f)->pMethods->xSync(below(f), flags);
    };
    methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return below(f)->pMethods->xFileSize(below(f), size);
    };
    methods.xLock = [](sqlite3_file* f, int level) {
      return below(f)->pMethods->xLock(below(f), level);
    };
    methods.xUnlock = [](sqlite3_file* f, int level) {
      return below(f)->pMethods->xUnlock(below(f), level);
    };
    methods.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return below(f)->pMethods->xCheckReservedLock(below(f), out);
    };
    methods.xFileControl = [](sqlite3_file* f, int op, void* arg) {
      return below(f)->pMethods->xFileControl(below(f), op, arg);
    };
    methods.xSectorSize = [](sqlite3_file* f) { return below(f)->pMethods->xSectorSize(below(f)); };
    methods.xDeviceCharacteristics = [](sqlite3_file* f) {
      return below(f)->pMethods->xDeviceCharacteristics(below(f));
    };
    methods.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return below(f)->pMethods->xShmMap(below(f), page, size, extend, out);
    };
    methods.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
      return below(f)->pMethods->xShmLock(below(f), offset, n, flags);
    };
    methods.xShmBarrier = [](sqlite3_file* f) { below(f)->pMethods->xShmBarrier(below(f)); };
    methods.xShmUnmap = [](sqlite3_file* f, int remove) {
      return below(f)->pMethods->xShmUnmap(below(f), remove);
    };
    methods.xFetch = [](sqlite3_file* f, sqlite3_int64 at, int size, void** out) {
      return below(f)->pMethods->xFetch(below(f), at, size, out);
    };
    methods.xUnfetch = [](sqlite3_file* f, sqlite3_int64 at, void* page) {
      return below(f)->pMethods->xUnfetch(below(f), at, page);
    };
  }

  static sqlite3_file* below(sqlite3_file* f) { return reinterpret_cast<File*>(f)->real; }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
    auto* file = reinterpret_cast<File*>(f);
    file->real = reinterpret_cast<sqlite3_file*>(file + 1);
    int code = get().real->xOpen(get().real, name, file->real, flags, out);
    file->base.pMethods = file->real->pMethods == nullptr ? nullptr : &get().methods;
    return code;
  }

  int faultOf(Operation operation) {
    if (!armed || which != operation) return 0;
    if (left.fetch_sub(1) > 0) return 0;
    if (faults.fetch_sub(1) <= 0) return 0;
    struck = true;
    return result;
  }

  sqlite3_vfs* real;
  sqlite3_vfs vfs;
  sqlite3_io_methods methods{};
  std::atomic<Operation> which{Operation::write};
  std::atomic<int> left{0}, faults{0}, result{0};
  std::atomic<bool> armed{false}, struck{false};
};

}  // namespace maitred::store
