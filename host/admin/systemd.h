#pragma once
// ServiceManager: tells systemd (or whoever set NOTIFY_SOCKET) how the host is. Does nothing where
// nobody asked. Datagrams by hand: one call is not worth a dependency.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace maitred::host {

class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from the environment, so
  // that no child speaks in our name. Call it before the first thread starts.
  static ServiceManager fromEnvironment();

  ServiceManager() = default;  // nobody listens
  ServiceManager(std::string socket, std::optional<std::chrono::microseconds> watchdog);

  bool present() const { return !socket.empty(); }
  // How often watchdog() should be called: half of the allowed time. Empty: not asked for.
  std::optional<std::chrono::microseconds> watchdogInterval() const;

  // Never throw and never block; a lost datagram is the manager's loss.
  void ready() const;
  void reloading() const;  // ready() follows when done
  void stopping() const;
  void watchdog() const;
  void status(std::string_view text) const;  // one line, shown by `systemctl status`

 private:
  void send(std::string_view message) const;

  std::string socket;  // a path, or '@' and an abstract name
  std::optional<std::chrono::microseconds> watchdogTimeout;
};

}  // namespace maitred::host
