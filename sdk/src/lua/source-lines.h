#pragma once
// Where in a policy's text something stands, for messages about its table: Lua itself keeps no
// places of values.

#include <string>
#include <string_view>
#include <vector>

namespace maitred::lua {

// Reads a Lua file's words once, as far as is needed to know where its table is written.
class SourceLines {
 public:
  explicit SourceLines(std::string_view text);

  // The line of the file's own last `return`; else the last line with any code. 0: there is none.
  int result() const { return resultLine != 0 ? resultLine : lastLine; }
  // Where the field is given its value: `name = …`, `["name"] = …` or `function policy.name(`, in
  // what the file returns rather than before. 0: it could not be found.
  int field(std::string_view name) const;

 private:
  struct Place {
    std::string name;
    int line;
    bool inResult;
  };
  std::vector<Place> places;
  int resultLine = 0, lastLine = 0;

  friend class SourceReader;
};

}  // namespace maitred::lua
