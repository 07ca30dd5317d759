#pragma once
// Print-outs of plugins for `maitred plugins list` and `maitred plugins inspect`.

#include "library.h"

#include <iosfwd>
#include <vector>

namespace maitred::host {

// A table of the usable plugins, then one line for each refused file. JSON:
// {"plugins": [{"name", "version", "path", …}], "refused": [{"path", "kind", "found", "needed",
// "mend"}]}.
void describeAll(std::ostream& out, const std::vector<LibraryResult>& results, bool json);

// Everything that a plugin's note says. JSON: one object, the same as an element of "plugins"
// above.
void describe(std::ostream& out, const Library& library, bool json);

}  // namespace maitred::host
