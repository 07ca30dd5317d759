#pragma once
// require() for policies.

#include <maitred/lua/policy.h>

#include <lua.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace maitred::lua {

class Modules {
 public:
  explicit Modules(std::vector<std::string> roots) : roots(std::move(roots)) {}

  // Adds the global `require` to the table at the top of the stack.
  void add(lua_State* L);

  // These are taken before any file is looked for.
  void offer(std::vector<ModuleText> texts) { given = std::move(texts); }

  // After loading no more files are read: what is loaded stays available.
  void close() { open = false; }

  struct Module {
    std::string name, path, text;
  };
  const std::vector<Module>& loaded() const { return modules; }

 private:
  static int require(lua_State* L);
  bool fetch(std::string_view name);  // false: `problem` says why
  bool read(Module& module);           // likewise
  static int run(lua_State* L, Modules& self, const char* name);

  std::vector<std::string> roots;
  std::vector<ModuleText> given;
  std::vector<Module> modules;        // in the order of their loading
  std::vector<std::string> underWay;  // names being loaded, outermost first
  std::string problem;
  bool open = true;
};

// Pushes a compiled chunk whose globals are the sandbox's; or an error. Returns Lua's status.
int loadChunk(lua_State* L, const char* text, std::size_t size, const char* chunkName);

}  // namespace maitred::lua
