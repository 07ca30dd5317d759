#pragma once
// The files that a task wants before its start: copied from a path of this machine or fetched over
// http(s), and unpacked. Works in the current folder and with the rights of the calling process, so
// call it in a child which has become the task's account: then it can read and overwrite nothing
// that the task itself could not.

#include "record.capnp.h"

#include <string>
#include <string_view>

namespace maitred::local {

// What is wrong, as a sentence that names the uri; empty when all are there.
std::string fetchUris(capnp::List<backend::Uri>::Reader uris, FetchLimits::Reader limits);

// The name under which a location is stored: the last part of its path. Empty if it has none.
std::string fileNameOf(std::string_view location);

// Unpacks into the current folder, at most `bytesMax`; no entry leaves the folder. What is wrong,
// or empty.
std::string unpack(const std::string& file, uint64_t bytesMax);
// By its name: .tar, .tar.gz, .tgz, .tar.bz2, .tbz2, .tar.xz, .txz, .tar.zst, .zip, .jar
bool isArchiveName(std::string_view name);

}  // namespace maitred::local
