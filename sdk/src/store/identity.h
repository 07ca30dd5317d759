#pragma once
// Whose store a file is. Store threads only; all of it throws StoreError.

#include "database.h"

namespace maitred::store {

// "mtrd": in the header of every store, where `file` and others look for it.
constexpr int64_t applicationMark = 0x6d747264;

struct Identity {
  bool known = false;  // false: an empty file
  uint32_t version = 0;
  std::string application, instance;  // empty in stores from before they were written down
};

// Refuses databases that are no stores, without changing them.
Identity readIdentity(Connection& connection, const std::string& path);

void requireVersion(const Identity& found, uint32_t newest, const std::string& path);
void requireApplication(const Identity& found, const std::string& application,
                        const std::string& path);
void requireInstance(const Identity& found, const std::string& instance, const std::string& path);

void writeIdentity(Connection::Impl& impl, const Identity& found, const std::string& application,
                   const std::string& instance);

}  // namespace maitred::store
