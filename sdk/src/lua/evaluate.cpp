#include "evaluate.h"

#include "sandbox.h"
#include "stack-values.h"

namespace maitred::lua {

bool evaluate(const std::string& expression, const Limits& limits, Value& value,
              std::string& problem) {
  Sandbox sandbox(limits, {}, 1);
  lua_State* L = sandbox.state();
  int status = sandbox.compile("return " + expression, "argument");
  if (status == LUA_OK) status = lua_pcall(L, 0, 1, 0);
  if (status == LUA_OK) return readValue(L, -1, value, problem);
  problem = sandbox.guard().tripMessage();
  if (problem.empty())
    problem = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "not readable";
  return false;
}

}  // namespace maitred::lua
