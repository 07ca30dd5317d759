#pragma once
// The server side of maitred.plugin.Plugin: drives one plugin object through its life.

#include "context-impl.h"

#include <maitred/plugin.h>
#include <maitred/work.h>

#include <capnp/message.h>

namespace maitred {

// Its calls allow cancellation: a host that drops one, because it ends the plugin, must not keep
// the object alive by it. What a call has begun belongs to `work` and goes on as long as the
// object.
class PluginServer final : public plugin::Plugin::Server {
 public:
  PluginServer(const PluginClass& type, Surroundings surroundings);
  ~PluginServer() noexcept(false);

  kj::Promise<void> check(CheckContext context) override;
  kj::Promise<void> start(StartContext context) override;
  kj::Promise<void> activate(ActivateContext context) override;
  kj::Promise<void> reconfigure(ReconfigureContext context) override;
  kj::Promise<void> drain(DrainContext context) override;
  kj::Promise<void> health(HealthContext context) override;
  kj::Promise<void> metrics(MetricsContext context) override;
  kj::Promise<void> command(CommandContext context) override;

 private:
  Plugin& running();
  kj::Promise<void> watchLoop();

  const PluginClass& type;
  Context context;
  kj::Own<capnp::MallocMessageBuilder> config;   // outlives the plugin, which holds readers into it
  kj::Own<capnp::MallocMessageBuilder> candidate;
  kj::Maybe<kj::Own<Plugin>> plugin;
  bool started = false;
  kj::Duration worstLoopDelay = 0 * kj::SECONDS;   // since the last health()
  OwnedWork work;
  kj::Promise<void> loopWatch;
};

}  // namespace maitred
