// What the runner offers, and what a new config changes of it.
#include "runner.h"

#include "shim/posix.h"

#include <algorithm>
#include <cerrno>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace maitred::local {

using backend::RefusalReason;
using backend::Rejection;

namespace {

constexpr int64_t PORT_BLOCK_NS = 60'000'000'000;

bool bindable(const std::string& address, uint16_t port) {
  int raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (raw < 0) return true;  // no evidence against it
  kj::AutoCloseFd fd(raw);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  return bind(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0 || errno != EADDRINUSE;
}

}  // namespace

std::string LocalRunner::reconfigure(Settings next) {
  if (next.cluster != settings.cluster) return "the cluster's name has changed";
  if (next.workFolder != settings.workFolder) return "the work directory has changed";
  if (next.limitMode != settings.limitMode) return "the way in which tasks are limited has changed";
  for (auto& node : settings.nodes) {
    auto& id = node.facts.id;
    bool stays = std::any_of(next.nodes.begin(), next.nodes.end(),
                             [&](auto& other) { return other.facts.id == id; });
    if (stays) continue;
    // Its tasks go on to their end; the room that they take is remembered, should it come back.
    server.removeNode(id);
    blockedPorts.erase(id);
  }
  settings = std::move(next);
  accountCache.clear();
  for (auto& node : settings.nodes) server.setNode(node.facts);
  offerPorts();
  background.add(removeExpired());
  return {};
}

std::optional<Rejection> LocalRunner::portsTaken(const backend::LaunchOrder& order) {
  for (auto& node : settings.nodes) {
    if (node.facts.id != order.nodeId) continue;
    for (auto& grant : order.ports) {
      if (bindable(node.address, grant.port)) continue;
      blockedPorts[order.nodeId][grant.port] = unixNow() + PORT_BLOCK_NS;
      offerPorts();
      return Rejection{RefusalReason::NO_ROOM,
                       "port " + std::to_string(grant.port) + " of " + node.address +
                           " is in use by another process; other ports are offered now",
                       0};
    }
  }
  return std::nullopt;
}

// Tells the server each node's ports without those that others were found to use.
void LocalRunner::offerPorts() {
  int64_t now = unixNow();
  for (auto& node : settings.nodes) {
    auto blocked = blockedPorts.find(node.facts.id);
    if (blocked == blockedPorts.end()) continue;
    std::erase_if(blocked->second, [&](auto& one) { return one.second <= now; });
    auto facts = node.facts;
    facts.capacity.ports.clear();
    for (auto range : node.facts.capacity.ports) {
      uint32_t next = range.first;
      for (auto& [port, until] : blocked->second) {
        if (port < next || port > range.last) continue;
        if (port > next) facts.capacity.ports.push_back({uint16_t(next), uint16_t(port - 1)});
        next = uint32_t(port) + 1;
      }
      if (next <= range.last) facts.capacity.ports.push_back({uint16_t(next), range.last});
    }
    server.setNode(facts);
    if (blocked->second.empty()) blockedPorts.erase(blocked);
  }
}

}  // namespace maitred::local
