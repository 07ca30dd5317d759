#pragma once
// The variables that a task sees. Pure.

#include <maitred/backend/runner.h>

#include <string>
#include <utility>
#include <vector>

namespace maitred::local {

using Variables = std::vector<std::pair<std::string, std::string>>;

// In rising rank: defaults (PATH), the config's, the task's own, and what is a fact: HOME, PWD,
// MESOS_SANDBOX, MESOS_DIRECTORY, COOK_SANDBOX, USER, LOGNAME, PORT0, PORT1, …, PORT_<NAME>. Each
// name occurs once.
Variables environmentOf(const Variables& configured, backend::TaskSpec::Reader spec,
                        const std::vector<backend::PortGrant>& ports, const std::string& sandbox,
                        const std::string& account);

// "grpc-api" -> "PORT_GRPC_API"
std::string portVariable(std::string_view portName);

}  // namespace maitred::local
