@0xb1a6d2c0f47e5512;
# The configuration of a plugin's HTTP side: limits and authentication. A plugin embeds it as a
# field of its own config (`http @3 :Http.HttpConfig;`); <maitred/http/config.h> turns it into what
# the server takes.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("maitred::http");
using Config = import "config.capnp";

struct HttpConfig {
  limits @0 :HttpLimits;
  # Bounds that are kept against clients.
  auth @1 :HttpAuth;
  # How clients say who they are.
}

struct HttpLimits {
  requestLine @0 :UInt32 = 8192 $Config.unit(bytes) $Config.range((min = 256, max = 1048576));
  # Longest request line. A longer one is answered 414.
  headers @1 :UInt32 = 32768 $Config.unit(bytes) $Config.range((min = 1024, max = 1048576));
  # Longest head, request line and all header lines together. A longer one is answered 431.
  headerCount @2 :UInt32 = 100 $Config.range((min = 8, max = 10000));
  # Most header lines. More are answered 431.
  body @3 :UInt64 = 8388608 $Config.unit(bytes) $Config.range((min = 0, max = 1073741824));
  # Longest request body. A longer one is answered 413.
  bodies @4 :UInt64 = 268435456 $Config.unit(bytes) $Config.range((min = 65536, max = 1.0e12));
  # Memory for all request bodies at one time. A request that does not fit is answered 503.
  jsonDepth @5 :UInt32 = 64 $Config.range((min = 4, max = 1000));
  # Deepest nesting of a JSON body.
  connections @6 :UInt32 = 2000 $Config.range((min = 1, max = 1000000));
  # Most connections at one time. A further one is answered 503 and closed.
  connectionsPerAddress @7 :UInt32 = 0 $Config.range((min = 0, max = 1000000));
  # Most connections from one client address; 0 is no limit. A further one is answered 429 and
  # closed.
  headerTime @8 :UInt64 = 10000 $Config.unit(milliseconds) $Config.range((min = 10, max = 3600000));
  # Time from the first byte of a request to the end of its head. Then 408.
  bodyTime @9 :UInt64 = 60000 $Config.unit(milliseconds) $Config.range((min = 10, max = 86400000));
  # Time for the body to arrive. Then 408.
  idleTime @10 :UInt64 = 75000 $Config.unit(milliseconds) $Config.range((min = 10, max = 86400000));
  # How long a connection may wait for its next request. Then it is closed.
  handlerTime @11 :UInt64 = 60000
      $Config.unit(milliseconds) $Config.range((min = 10, max = 86400000));
  # Time for a request to be worked on. Then 503.
  writeTime @12 :UInt64 = 30000
      $Config.unit(milliseconds) $Config.range((min = 10, max = 86400000));
  # Time for the client to take each 64 KiB of a response. Then the connection is closed.
}

struct HttpAuth {
  union {
    unspecified @0 :Void;
    # Nothing was chosen: a configuration error, so that nobody is let in by oversight.
    oneUser @1 :Text $Config.nonEmpty $Config.example("ana");
    # Everybody is this user: `one_user ana`.
    basic @2 :BasicAuth;
    # HTTP Basic: a name and a password.
    trustedHeader @3 :TrustedHeaderAuth;
    # A proxy in front has authenticated the user and says so in a header.
  }
}

struct BasicAuth {
  realm @0 :Text = "maitred" $Config.nonEmpty;
  # What browsers show when they ask for the password.
  union {
    unspecified @1 :Void;
    users @2 :List(BasicUser) $Config.mapKey("name");
    # The users and their passwords.
    anyPassword @3 :Void;
    # Names are believed, whatever the password. For trusted networks only.
  }
}

struct BasicUser {
  name @0 :Text $Config.required $Config.nonEmpty $Config.example("ana");
  # The user's name, without a colon.
  password @1 :Text $Config.required $Config.nonEmpty $Config.secret;
  # The password; normally `file:/run/secrets/…` or `${NAME}`.
}

struct TrustedHeaderAuth {
  header @0 :Text = "X-Remote-User" $Config.pattern("[A-Za-z0-9-]+");
  # The header that holds the user's name. The proxy must remove it from what clients send.
  sources @1 :List(Text) $Config.nonEmpty $Config.example("127.0.0.1");
  # The proxies: addresses (10.0.0.7), networks (10.0.0.0/8), or `unix` for Unix sockets.
}
