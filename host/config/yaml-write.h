#pragma once
// Typed values back as YAML, as people write them.

#include "schema-view.h"

#include <capnp/dynamic.h>

#include <map>
#include <string>

namespace maitred::host {

// Text as a YAML scalar that reads as the same value: quoted where needed, `$` doubled, a leading
// `file:` kept from being a reference.
std::string yamlText(std::string_view text);

// The same for a key of a mapping, where nothing is replaced.
std::string yamlKey(std::string_view text);

struct YamlStyle {
  bool maskSecrets = true;
};

// The members of a struct, each on lines of its own that begin with `indent` spaces. Left out: what
// is empty by default, sections that were not written and have required keys.
std::string yamlMembers(const PluginSchema& schema, capnp::DynamicStruct::Reader value,
                        size_t indent, const YamlStyle& style = {});

// Every value by its way ("tables.round.seats"), secrets included: for comparing only.
std::map<std::string, std::string> flatten(const PluginSchema& schema,
                                           capnp::DynamicStruct::Reader value);

}  // namespace maitred::host
