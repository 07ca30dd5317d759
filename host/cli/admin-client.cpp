#include "admin-client.h"

#include "host/config/config.h"
#include "setup.h"

#include <sys/un.h>

namespace maitred::host::cli {

namespace {

uint64_t timeoutOf(const po::variables_map& values) {
  double seconds = values["timeout"].as<double>();
  if (!(seconds > 0 && seconds <= 86400))
    throw UsageError{"--timeout: seconds between 0 and 86400 are expected"};
  return static_cast<uint64_t>(seconds * 1000);
}

std::string describe(const kj::Exception& fault) {
  return fault.getDescription().cStr();
}

}  // namespace

void addSocketOptions(po::options_description& options) {
  options.add_options()("socket", po::value<std::string>()->value_name("PATH"),
                        "the host's admin socket")(
      "config,c", po::value<std::string>()->value_name("FILE"),
      "the host's configuration, which names the socket; maitred.yaml if neither is given")(
      "timeout", po::value<double>()->default_value(10, "10")->value_name("SECONDS"),
      "how long to wait for an answer");
}

std::string socketPath(const po::variables_map& values) {
  if (values.count("socket") > 0) return values["socket"].as<std::string>();
  Options options;
  options.file = values.count("config") > 0 ? values["config"].as<std::string>() : defaultConfig;
  // Faults do not matter here: the running host may have been started with an earlier, good state
  // of it.
  auto result = loadConfig(options);
  if (result.config == nullptr || result.config->host().getAdmin().getSocket().size() == 0) {
    throw Failure{"cannot read " + options.file +
                      ", which would name the admin socket; name one of them with "
                      "--config FILE or --socket PATH",
                  Exit::unavailable};
  }
  return result.config->host().getAdmin().getSocket().cStr();
}

AdminClient::AdminClient(const po::variables_map& values)
    : io(kj::setupAsyncIo()),
      path(socketPath(values)),
      timeoutMs(timeoutOf(values)),
      bootstrap(nullptr) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    throw Failure{"the path of the admin socket is empty or longer than 107 bytes: " + path,
                  Exit::unavailable};
  }
  KJ_IF_MAYBE (fault, kj::runCatchingExceptions([&]() {
                 auto address = io.provider->getNetwork()
                                    .parseAddress(kj::str("unix:", path.c_str()))
                                    .wait(io.waitScope);
                 stream = address->connect().wait(io.waitScope);
               })) {
    throw Failure{"no host answers at " + path + " (" + describe(*fault) +
                      "); is it running, and is this its socket?",
                  Exit::unavailable};
  }
  network = kj::heap<capnp::TwoPartyVatNetwork>(*stream, capnp::rpc::twoparty::Side::CLIENT);
  rpc = kj::heap(capnp::makeRpcClient(*network));
  capnp::MallocMessageBuilder message;
  auto vat = message.initRoot<capnp::rpc::twoparty::VatId>();
  vat.setSide(capnp::rpc::twoparty::Side::SERVER);
  bootstrap = rpc->bootstrap(vat).castAs<maitred::admin::Admin>();
}

kj::Promise<void> AdminClient::deadline(uint64_t extraMs) {
  return io.provider->getTimer().afterDelay((timeoutMs + extraMs) * kj::MILLISECONDS).then([]() {
    kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "deadline"));
  });
}

void AdminClient::run(const std::function<void()>& work) {
  KJ_IF_MAYBE (fault, kj::runCatchingExceptions([&]() { work(); })) {
    switch (fault->getType()) {
      case kj::Exception::Type::DISCONNECTED:
        throw Failure{
            "the host hung up: it ended, or does not admit this user (" + describe(*fault) + ")",
            Exit::unavailable};
      case kj::Exception::Type::OVERLOADED:
        if (fault->getDescription() == "deadline") {
          throw Failure{"the host did not answer in time; see --timeout", Exit::timeout};
        }
        [[fallthrough]];
      default: {
        // The host's own sentence, without the RPC layer's prefix.
        auto text = describe(*fault);
        constexpr std::string_view prefix = "remote exception: ";
        while (text.starts_with(prefix)) text.erase(0, prefix.size());
        throw Failure{text};
      }
    }
  }
}

}  // namespace maitred::host::cli
