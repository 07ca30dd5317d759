@0xae6acd4ffb14e98f;
# What the plugin is, and what its configuration looks like. `maitred check`, `maitred plugins
# inspect` and `maitred config-docs` read all of this from the finished .so, without running it.

using Manifest = import "/maitred/schema/manifest.capnp";
using Config = import "/maitred/schema/config.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("webhook_plugin");

struct WebhookConfig {
  url @0 :Text $Config.required
    $Config.pattern("https?://[^\\s/?#]+(/[^\\s?#]*)?(\\?[^\\s#]*)?")
    $Config.example("http://127.0.0.1:9000/jobs");
  # Where each finished job is sent by POST. The log names it without its query, so that a token
  # belongs there and not in the path.
  secret @1 :Text $Config.secret $Config.example("file:/run/secrets/webhook");
  # Key of the HMAC-SHA256 in the header X-Webhook-Signature. Empty: bodies are not signed.
  ca @2 :Text $Config.path(config) $Config.example("tls/ca.pem");
  # PEM file with the authorities that an https receiver is verified with. Empty: those of the
  # system.
  store @3 :Text = "sqlite:webhook.db" $Config.storeUrl;
  # Where the place in the queue's changes and the messages that wait are kept.
  history @4 :Bool = false;
  # At the very first start, whether jobs that had ended before are sent too.
  timeout @5 :UInt32 = 10000 $Config.unit(milliseconds) $Config.range((min = 100, max = 300000));
  # How long one request may take, look-up and answer included.
  parallel @6 :UInt16 = 4 $Config.range((min = 1, max = 64));
  # How many requests may be under way at one time. So many messages are in memory, the others are
  # on disk.
  bodyMax @7 :UInt32 = 65536 $Config.unit(bytes) $Config.range((min = 4096, max = 1048576));
  # Longest body. Of a job that needs more, the oldest instances are left out and counted.
  waitingMax @8 :UInt32 = 100000 $Config.range((min = 1, max = 10000000));
  # So many messages may wait. Beyond it the queue is not watched until some have gone, and then
  # from that place.
  retryFirst @9 :UInt32 = 1000 $Config.unit(milliseconds) $Config.range((min = 10, max = 3600000));
  # The pause after a first failure. It doubles with each further one.
  retryMost @10 :UInt32 = 300000 $Config.unit(milliseconds)
    $Config.range((min = 10, max = 86400000));
  # The longest pause between two attempts.
  awayAfter @11 :UInt32 = 300000 $Config.unit(milliseconds)
    $Config.range((min = 0, max = 86400000));
  # When the receiver has failed for so long, the instance says that it is degraded.
}

const manifest :Manifest.Manifest = (
  name = "webhook", version = "0.1.0", license = "Apache-2.0",
  description = "Sends every finished job of a queue to a URL.",
  requires = [(name = "queue", interface = Manifest.queue, multiplicity = one,
               description = "whose jobs are told")]);
