#include "environment.h"

#include <map>

namespace maitred::local {

std::string portVariable(std::string_view portName) {
  std::string out = "PORT_";
  for (char c : portName) {
    bool lower = c >= 'a' && c <= 'z';
    bool kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += lower ? char(c - 'a' + 'A') : kept ? c : '_';
  }
  return out;
}

Variables environmentOf(const Variables& configured, backend::TaskSpec::Reader spec,
                        const std::vector<backend::PortGrant>& ports, const std::string& sandbox,
                        const std::string& account) {
  std::map<std::string, std::string> all = {
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  for (auto& [name, value] : configured) all[name] = value;
  for (auto variable : spec.getEnvironment()) {
    all[variable.getName().cStr()] = variable.getValue().cStr();
  }
  for (auto name : {"HOME", "PWD", "MESOS_SANDBOX", "MESOS_DIRECTORY", "COOK_SANDBOX"})
    all[name] = sandbox;
  all["USER"] = all["LOGNAME"] = account;
  for (size_t i = 0; i < ports.size(); ++i) {
    auto number = std::to_string(ports[i].port);
    all["PORT" + std::to_string(i)] = number;
    if (!ports[i].name.empty()) all[portVariable(ports[i].name)] = number;
  }
  return {all.begin(), all.end()};
}

}  // namespace maitred::local
