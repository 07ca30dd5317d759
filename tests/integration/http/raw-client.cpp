#include "raw-client.h"

#include <kj/debug.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <fstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace maitred::http::test {

namespace {

constexpr int PATIENCE_MS = 20'000;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

RawClient::RawClient(uint16_t port, Options options) : serverPort(port) {
  int raw;
  KJ_SYSCALL(raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  fd = kj::AutoCloseFd(raw);
  if (options.receiveBuffer > 0) {
    KJ_SYSCALL(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receiveBuffer, sizeof(int)));
  }
  int yes = 1;
  KJ_SYSCALL(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
  auto address = loopback(port);
  KJ_SYSCALL(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), port);
  socklen_t size = sizeof address;
  KJ_SYSCALL(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size));
  ownPort = ntohs(address.sin_port);
  KJ_SYSCALL(fcntl(fd, F_SETFL, O_NONBLOCK));
}

bool RawClient::wait(short events) {
  pollfd one{fd, events, 0};
  int ready = poll(&one, 1, PATIENCE_MS);
  EXPECT_NE(ready, 0) << "waited too long for the server; so far:\n" << received;
  return ready > 0;
}

bool RawClient::trySend(std::string_view bytes, size_t& sent) {
  sent = 0;
  while (sent < bytes.size()) {
    auto taken = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (taken < 0 && errno == EAGAIN) return true;
    if (taken < 0) return false;
    sent += static_cast<size_t>(taken);
  }
  return true;
}

void RawClient::send(std::string_view bytes) {
  size_t sent = 0;
  while (trySend(bytes, sent) && sent < bytes.size()) {
    bytes.remove_prefix(sent);
    if (!wait(POLLOUT)) return;
  }
}

void RawClient::finishWriting() {
  shutdown(fd, SHUT_WR);
}

void RawClient::readSome() {
  char piece[64 << 10];
  while (!closed) {
    auto got = recv(fd, piece, sizeof piece, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      closed = true;
    } else {
      received.append(piece, static_cast<size_t>(got));
    }
  }
}

bool RawClient::readUntil(std::string_view wanted) {
  for (readSome(); received.find(wanted) == received.npos; readSome()) {
    if (closed || !wait(POLLIN)) return false;
  }
  return true;
}

std::string RawClient::readToEnd() {
  for (readSome(); !closed && wait(POLLIN);) readSome();
  return received;
}

bool RawClient::serverHoldsIt() const {
  // Address and port in hexadecimal, the address as the machine has it in memory.
  char local[40], remote[40];
  snprintf(local, sizeof local, "%08X:%04X", htonl(INADDR_LOOPBACK), serverPort);
  snprintf(remote, sizeof remote, "%08X:%04X", htonl(INADDR_LOOPBACK), ownPort);
  std::ifstream table("/proc/net/tcp");
  std::string line, number, from, to, state;
  while (std::getline(table, line)) {
    std::istringstream(line) >> number >> from >> to >> state;
    if (from == local && to == remote) return state == "01";
  }
  return false;
}

std::vector<Answer> answersIn(const std::string& received) {
  std::vector<Answer> answers;
  std::string_view rest = received;
  while (!rest.empty()) {
    size_t end = rest.find("\r\n\r\n");
    if (end == rest.npos || !rest.starts_with("HTTP/1.1 ")) break;
    Answer answer;
    answer.head = rest.substr(0, end + 4);
    answer.status = static_cast<unsigned>(std::strtoul(answer.head.c_str() + 9, nullptr, 10));
    answer.closes = answer.head.find("\r\nConnection: close\r\n") != std::string::npos;
    rest.remove_prefix(end + 4);
    size_t length = answer.head.find("\r\nContent-Length: ");
    if (length != std::string::npos) {
      size_t size = std::strtoul(answer.head.c_str() + length + 18, nullptr, 10);
      EXPECT_GE(rest.size(), size) << "an answer was cut:\n" << answer.head;
      answer.body = rest.substr(0, size);
      rest.remove_prefix(std::min(rest.size(), size));
    }
    answers.push_back(std::move(answer));
  }
  EXPECT_EQ(rest, "") << "is no answer";
  return answers;
}

}  // namespace maitred::http::test
