#pragma once
// Listening: the sockets of the plugin's declared listeners, bound as its host would, on free ports
// of 127.0.0.1.

#include "trial.h"

#include "host/runtime/listen-socket.h"

#include <memory>

namespace maitred::host::conform {

class Listening {
 public:
  explicit Listening(const Subject& subject);

  // For Launch: name and borrowed descriptor.
  std::vector<std::pair<std::string, int>> sockets() const;
  const std::vector<std::pair<std::string, uint16_t>>& ports() const { return found; }

 private:
  std::vector<std::pair<std::string, std::unique_ptr<ListenSocket>>> bound;
  std::vector<std::pair<std::string, uint16_t>> found;
};

kj::Promise<kj::Own<kj::AsyncIoStream>> connectTo(Trial& trial, uint16_t port);

}  // namespace maitred::host::conform
