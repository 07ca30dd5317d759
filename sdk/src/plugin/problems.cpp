#include <maitred/plugin.h>

namespace maitred {

void Problems::error(std::vector<std::string> path, std::string message, std::string hint) {
  list.push_back({std::move(path), plugin::Severity::ERROR, std::move(message), std::move(hint)});
}

void Problems::warning(std::vector<std::string> path, std::string message, std::string hint) {
  list.push_back({std::move(path), plugin::Severity::WARNING, std::move(message), std::move(hint)});
}

bool Problems::hasErrors() const {
  return std::any_of(list.begin(), list.end(),
                     [](const Item& item) { return item.severity == plugin::Severity::ERROR; });
}

void Problems::writeTo(capnp::List<plugin::Problem>::Builder out) const {
  for (size_t i = 0; i < list.size(); ++i) {
    auto problem = out[i];
    auto path = problem.initPath(list[i].path.size());
    for (size_t k = 0; k < list[i].path.size(); ++k) path.set(k, list[i].path[k].c_str());
    problem.setSeverity(list[i].severity);
    problem.setMessage(list[i].message.c_str());
    problem.setHint(list[i].hint.c_str());
  }
}

kj::Promise<kj::String> Plugin::command(kj::StringPtr name, kj::StringPtr) {
  return KJ_EXCEPTION(UNIMPLEMENTED, "this plugin answers no such question", name);
}

}  // namespace maitred
