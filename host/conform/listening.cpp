#include "listening.h"

namespace maitred::host::conform {

Listening::Listening(const Subject& subject) {
  for (auto listener : subject.manifest().getListeners()) {
    auto socket = std::make_unique<ListenSocket>("127.0.0.1:0");
    const auto& address = socket->boundTo();
    auto port = static_cast<uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
    found.emplace_back(listener.getName().cStr(), port);
    bound.emplace_back(listener.getName().cStr(), std::move(socket));
  }
}

std::vector<std::pair<std::string, int>> Listening::sockets() const {
  std::vector<std::pair<std::string, int>> all;
  for (const auto& [name, socket] : bound) all.emplace_back(name, socket->fd());
  return all;
}

kj::Promise<kj::Own<kj::AsyncIoStream>> connectTo(Trial& trial, uint16_t port) {
  return trial.io.provider->getNetwork()
      .parseAddress("127.0.0.1", port)
      .then([](kj::Own<kj::NetworkAddress> address) {
        auto connected = address->connect();
        return connected.attach(kj::mv(address));
      });
}

}  // namespace maitred::host::conform
