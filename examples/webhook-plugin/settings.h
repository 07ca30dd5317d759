#pragma once
// The config as plain values, so that nothing holds on to a Reader across a reload.

#include <webhook.capnp.h>

#include <kj/time.h>

#include <string>

namespace webhook_plugin {

struct Settings {
  std::string url, secret, ca, store;
  bool history;
  kj::Duration timeout, retryFirst, retryMost, awayAfter;
  uint32_t parallel, bodyMax, waitingMax;

  explicit Settings(WebhookConfig::Reader config)
      : url(config.getUrl().cStr()),
        secret(config.getSecret().cStr()),
        ca(config.getCa().cStr()),
        store(config.getStore().cStr()),
        history(config.getHistory()),
        timeout(config.getTimeout() * kj::MILLISECONDS),
        retryFirst(config.getRetryFirst() * kj::MILLISECONDS),
        retryMost(config.getRetryMost() * kj::MILLISECONDS),
        awayAfter(config.getAwayAfter() * kj::MILLISECONDS),
        parallel(config.getParallel()),
        bodyMax(config.getBodyMax()),
        waitingMax(config.getWaitingMax()) {}
};

}  // namespace webhook_plugin
