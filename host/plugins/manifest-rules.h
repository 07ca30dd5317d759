#pragma once
// What a manifest must satisfy beyond being a readable message. Pure.

#include "library.h"

#include <optional>
#include <string>

namespace maitred::host {

// The first thing that is wrong with the manifest, its config schema or its lists; nullopt if all
// is well. Walks the whole message once under a limit of its own, so that a hostile one cannot keep
// the reader busy.
std::optional<std::string> manifestFault(manifest::Embedded::Reader embedded);

// An interface that has the name of one of our contracts but another type id, as a clause.
std::optional<std::string> foreignContract(manifest::Embedded::Reader embedded,
                                           const HostFacts& facts);

// Whether `name` fits [a-z][a-z0-9-]{0,62}, the form of plugin names; instance and command names
// share it.
bool isPluginName(kj::StringPtr name);

}  // namespace maitred::host
