#pragma once
// loadPlugin: the only place where a plugin's code enters a process: a worker, or the host for
// `inline`.

#include <string>

struct maitred_plugin_entry;  // <maitred/abi.h>

namespace maitred::host {

// Maps the library (RTLD_NOW | RTLD_LOCAL) and returns its exported `maitred_plugin`. It is never
// unmapped: live frames, exceptions and vtables point into it. Judge the file with readLibrary()
// first. Throws kj::Exception, FAILED, with the dynamic linker's own words; any thread.
const maitred_plugin_entry* loadPlugin(const std::string& path);

// The stamp (see file-stamp.h) that the file had when this process loaded it; empty if it did not.
// Code that is loaded stays, whatever becomes of its file.
std::string stampWhenLoaded(const std::string& path);

}  // namespace maitred::host
