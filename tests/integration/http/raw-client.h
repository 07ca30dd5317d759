#pragma once
// A client that sends bytes as they are, over a real socket, and takes the answers apart.

#include <kj/io.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::http::test {

class RawClient {
 public:
  struct Options {
    int receiveBuffer = 0;  // bytes; 0: the kernel's default
  };
  explicit RawClient(uint16_t port) : RawClient(port, Options()) {}
  RawClient(uint16_t port, Options options);

  // Everything, or as much as the server takes before it closes. Fails the test after 20 s.
  void send(std::string_view bytes);
  // As much as can be sent without waiting; false when the connection is closed.
  bool trySend(std::string_view bytes, size_t& sent);
  void finishWriting();

  // Reads until `wanted` is there, or the end. What came is in `received`.
  bool readUntil(std::string_view wanted);
  // Reads until the server closes; everything since the beginning. Fails the test after 20 s.
  std::string readToEnd();
  // Takes what is there, without waiting.
  void readSome();

  // Whether the server's own end of this connection is still established, as the kernel has it.
  bool serverHoldsIt() const;

  std::string received;
  bool closed = false;  // by the server, as far as it was read

 private:
  bool wait(short events);
  kj::AutoCloseFd fd;
  uint16_t serverPort, ownPort;
};

struct Answer {
  unsigned status = 0;
  std::string head, body;
  bool closes = false;  // says `Connection: close`
};
// By Content-Length; an interim answer has no body. Fails the test where bytes are left over.
std::vector<Answer> answersIn(const std::string& received);

}  // namespace maitred::http::test
