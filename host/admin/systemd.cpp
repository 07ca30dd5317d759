#include "systemd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace maitred::host {

namespace {

std::optional<uint64_t> wholeNumber(const char* text) {
  if (text == nullptr) return std::nullopt;
  uint64_t value = 0;
  auto end = text + strlen(text);
  auto [stopped, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stopped != end || value == 0) return std::nullopt;
  return value;
}

}  // namespace

ServiceManager ServiceManager::fromEnvironment() {
  const char* socket = getenv("NOTIFY_SOCKET");
  std::string path = socket == nullptr ? "" : socket;
  auto timeout = wholeNumber(getenv("WATCHDOG_USEC"));
  auto pid = wholeNumber(getenv("WATCHDOG_PID"));
  // The watchdog may be meant for a parent of ours.
  bool ours = !pid || *pid == static_cast<uint64_t>(getpid());
  for (auto name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  std::optional<std::chrono::microseconds> watchdog;
  if (timeout && ours) watchdog = std::chrono::microseconds(*timeout);
  return ServiceManager(std::move(path), watchdog);
}

ServiceManager::ServiceManager(std::string given, std::optional<std::chrono::microseconds> watchdog)
    : socket(std::move(given)), watchdogTimeout(watchdog) {
  bool named = !socket.empty() && (socket[0] == '/' || socket[0] == '@');
  if (!named || socket.size() >= sizeof(sockaddr_un::sun_path)) socket.clear();
}

std::optional<std::chrono::microseconds> ServiceManager::watchdogInterval() const {
  if (!present() || !watchdogTimeout) return std::nullopt;
  return *watchdogTimeout / 2;
}

void ServiceManager::ready() const {
  send("READY=1");
}
void ServiceManager::stopping() const {
  send("STOPPING=1");
}
void ServiceManager::watchdog() const {
  send("WATCHDOG=1");
}

void ServiceManager::reloading() const {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  auto micros =
      static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros));
}

void ServiceManager::status(std::string_view text) const {
  send("STATUS=" + std::string(text.substr(0, text.find('\n'))));
}

void ServiceManager::send(std::string_view message) const {
  if (!present()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, socket.data(), socket.size());
  if (socket[0] == '@') address.sun_path[0] = '\0';
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
  int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
         size);
  close(fd);
}

}  // namespace maitred::host
