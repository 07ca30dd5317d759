#pragma once
// Copies of store files: backups, and what is to be restored. Any thread; all of it blocks and
// throws StoreError.

#include "database.h"

#include <atomic>

namespace maitred::store {

// Flushes a file, or a folder with O_DIRECTORY.
void syncPath(const std::string& path, int flags);

// The folder in which a file is.
std::string folderOf(const std::string& path);

// Copies one state of the database to a new file, mode 0600, durable; it is complete or absent.
// Refuses to overwrite. The source may be written meanwhile by other connections.
void copyTo(Connection::Impl& from, const std::string& path, Progress* progress);

// Where a file waits to become the store at `path`, and where the former one is kept then.
std::string stagedPath(const std::string& path);
std::string keptPath(const std::string& path);  // by the age of the staged file, which must exist

// Examines `file` as if it were to be opened, all of it, and puts a copy at stagedPath(). Returns
// keptPath().
std::string stage(const std::string& file, const std::string& path, const Options& options,
                  bool otherInstance, Progress* progress);

// To be called with the store's lock held, before the store is opened. If a file is staged, it
// becomes the store; the former one keeps its content under keptPath(), which is returned. Empty:
// there was nothing to do. May be repeated after it was interrupted anywhere.
std::string finishRestore(const std::string& path, const Options& options);

}  // namespace maitred::store
