#pragma once
// The kinds of policies, read from the type files that are compiled in.

#include "types.h"

#include <string>
#include <vector>

namespace maitred::lua {

struct EmbeddedFile {
  const char* name;
  const char* text;
};
// Both generated. The templates are in maitred_lua_tool alone.
const std::vector<EmbeddedFile>& embeddedTypes();
const std::vector<EmbeddedFile>& embeddedTemplates();

struct Kind {
  std::string name;  // "fairness"
  std::string doc;
  std::vector<Member> fields;     // all of the policy's table, functions included
  std::vector<Member> functions;  // those of `fields` that are functions, in the same order
};

// All types; a class with a field `kind "x"` declares kind x.
const Types& allTypes();
const std::vector<Kind>& allKinds();

const Kind* findKind(std::string_view name);  // null if unknown

}  // namespace maitred::lua
