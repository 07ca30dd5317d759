// Dies of what a client sends.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> activate(uint64_t) override {
    if (!context.hasListener("web")) return kj::READY_NOW;
    receiver = context.listener("web");
    accepting = accept().eagerlyEvaluate(nullptr);
    return kj::READY_NOW;
  }

 private:
  kj::Promise<void> accept() {
    return receiver->accept().then([this](kj::Own<kj::AsyncIoStream> stream) {
      auto read = stream->readAllText(1 << 20);
      return read.attach(kj::mv(stream)).then([this](kj::String text) {
        for (char c : text) {
          if (c < 0) abort();  // all the world speaks ASCII
        }
        return accept();
      });
    });
  }
  kj::Own<kj::ConnectionReceiver> receiver;
  kj::Promise<void> accepting = nullptr;
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
