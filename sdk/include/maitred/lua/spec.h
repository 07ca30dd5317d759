#pragma once
// Runs the tests of policies: Lua files in which
//
//   describe("drf", function()
//     local drf = policy "fairness/drf.lua"      -- loaded and checked as a plugin would, in a
//     state of its own it("halves when the share doubles", function()
//       expect.near(drf.score(…), 0.2)
//     end)
//   end)
//
// expect.equal(a, b), expect.near(a, b, tolerance?), expect.less(a, b), expect.error(function, part
// of its message?). A spec runs in the same sandbox as a policy; each `it` has a budget of its own.

#include <maitred/lua/limits.h>
#include <maitred/lua/search.h>

#include <string>
#include <vector>

namespace maitred::lua {

struct SpecResult {
  std::string name;  // "drf: halves when the share doubles"
  bool passed = false;
  std::string message;  // why not
};

struct SpecRun {
  std::vector<SpecResult>
      results;          // in the order of the file; an error outside every `it` is one too
  bool passed() const;  // there was at least one, and none failed
};

SpecRun runSpec(const std::string& file, const Search& search, const Limits& limits = {});

}  // namespace maitred::lua
