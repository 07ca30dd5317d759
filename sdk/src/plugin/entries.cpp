// The functions behind the C entries of a plugin: serve() for a process of its own, open() for
// inline.
#include "plugin-server.h"

#include <capnp/rpc-twoparty.h>
#include <kj/debug.h>
#include <maitred/gathered-stream.h>

#include <cstring>

namespace maitred::detail {
namespace {

// Takes a field only if the struct that was handed over is long enough to have it.
template <typename Struct, typename Field>
bool has(const Struct* given, Field Struct::*field) {
  auto offset =
      reinterpret_cast<const char*>(&(given->*field)) - reinterpret_cast<const char*>(given);
  return given->size >= offset + sizeof(Field);
}

std::vector<std::string> split(const char* paths) {
  std::vector<std::string> out;
  std::string all = paths == nullptr ? "" : paths;
  for (size_t start = 0; start < all.size();) {
    size_t end = std::min(all.find(':', start), all.size());
    if (end > start) out.push_back(all.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

Surroundings surroundingsOf(const maitred_instance& given, kj::LowLevelAsyncIoProvider& lowLevelIo,
                            kj::AsyncIoProvider& io, kj::UnixEventPort& events, log::Sink sink) {
  Surroundings out{given.instance, given.state_directory, {}, {}, lowLevelIo, io,
                   events,         kj::mv(sink)};
  if (has(&given, &maitred_instance::policy_path)) out.policyPath = split(given.policy_path);
  if (has(&given, &maitred_instance::log_level) && given.log_level != nullptr) {
    out.logLevel = log::parseLevel(given.log_level).value_or(log::Level::info);
  }
  if (has(&given, &maitred_instance::listener_count)) {
    for (size_t i = 0; i < given.listener_count; ++i) {
      out.listeners.emplace_back(given.listeners[i].name, given.listeners[i].fd);
    }
  }
  return out;
}

void serve(const PluginClass& type, const maitred_serve_args& args) {
  auto io = kj::setupAsyncIo();
  auto stream = gathered(
      io.lowLevelProvider->wrapSocketFd(args.rpc_fd, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP));
  auto plugin = servePlugin(type, surroundingsOf(*args.instance, *io.lowLevelProvider, *io.provider,
                                                 io.unixEventPort, log::jsonLinesToStderr()));
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 64 * 1024 * 1024 / sizeof(capnp::word);
  capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER, options);
  auto rpc = capnp::makeRpcServer(network, kj::mv(plugin));
  network.onDisconnect().wait(io.waitScope);
}

}  // namespace

int serveEntry(const PluginClass& type, const maitred_serve_args* args) {
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() { serve(type, *args); })) {
    log::jsonLinesToStderr()(log::Level::error, kj::str("the worker ends: ", *exception));
    return 1;
  }
  return 0;
}

int openEntry(const PluginClass& type, const maitred_open_args* args) {
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() {
                 auto sink = [log = args->log, context = args->log_context](log::Level level,
                                                                            kj::StringPtr text) {
                   log(context, static_cast<int>(level), text.begin(), text.size());
                 };
                 *static_cast<capnp::Capability::Client*>(args->plugin) = servePlugin(
                     type,
                     surroundingsOf(*args->instance,
                                    *static_cast<kj::LowLevelAsyncIoProvider*>(args->low_level_io),
                                    *static_cast<kj::AsyncIoProvider*>(args->io),
                                    *static_cast<kj::UnixEventPort*>(args->events), kj::mv(sink)));
               })) {
    if (args->error != nullptr && args->error_size > 0) {
      auto text = kj::str(exception->getDescription());
      size_t length = kj::min(text.size(), args->error_size - 1);
      std::memcpy(args->error, text.begin(), length);
      args->error[length] = '\0';
    }
    return 1;
  }
  return 0;
}

}  // namespace maitred::detail
