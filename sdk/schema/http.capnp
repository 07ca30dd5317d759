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
  tls @2 :HttpTls $Config.example("{ certificate: tls/cert.pem, key: tls/key.pem }");
  # Serves TLS on every listener of the plugin, and nothing else. Without it connections are plain.
}

struct HttpTls {
  certificate @0 :Text $Config.path(config) $Config.example("tls/cert.pem");
  # PEM file with the server's certificate, followed by the intermediate ones. Read again when it changes.
  key @1 :Text $Config.path(config) $Config.secretPath $Config.example("tls/key.pem");
  # PEM file with its private key, not encrypted. Must not be readable by everybody.
  clientCa @2 :Text $Config.path(config) $Config.example("tls/clients.pem");
  # PEM file with the authorities of the clients' certificates. Without it clients are not asked for one.
  clientCertificates @3 :ClientCertificates = required;
  # Whether a client may come without a certificate. Has a meaning only with `client_ca`.
}

enum ClientCertificates {
  required @0;  # the handshake fails without one
  optional @1;  # a client without one is let in, to authenticate itself in another way
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
  handshakeTime @13 :UInt64 = 10000
      $Config.unit(milliseconds) $Config.range((min = 10, max = 3600000));
  # Time for the TLS handshake of a new connection. Then it is closed.
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
    jwt @4 :JwtAuth;
    # A signed token (JSON Web Token) in `Authorization: Bearer`, as identity providers issue them.
    clientCertificate @5 :ClientCertificateAuth;
    # The user stands in the client's TLS certificate. Needs `tls.client_ca`.
  }
}

struct JwtAuth {
  union {
    unspecified @0 :Void;
    keysFile @1 :Text $Config.path(config) $Config.nonEmpty $Config.example("jwks.json");
    # File with the issuer's public keys (JSON Web Key Set). Read again when it changes.
    keysUrl @2 :Text $Config.pattern("https?://.+") $Config.example("https://login.example.org/jwks");
    # Where the issuer publishes them. Asked every ten minutes, and for an unknown key, then at most once a
    # minute. Plain http is for loopback only: whoever can answer there can sign in as anybody.
  }
  issuer @3 :Text $Config.required $Config.nonEmpty $Config.example("https://login.example.org/");
  # What the claim `iss` must be.
  audience @4 :List(Text) $Config.required $Config.nonEmpty $Config.oneOrMany $Config.example("maitred");
  # One of these must be in the claim `aud`.
  principal @5 :Text = "sub" $Config.nonEmpty $Config.example("preferred_username");
  # The claim that holds the user's name.
  leeway @6 :UInt32 = 60000 $Config.unit(milliseconds) $Config.range((min = 0, max = 600000));
  # How far the issuer's clock may differ.
  tokenMax @7 :UInt32 = 8192 $Config.unit(bytes) $Config.range((min = 256, max = 65536));
  # Longest token.
  keysCa @8 :Text $Config.path(config) $Config.example("tls/login-ca.pem");
  # PEM file with the authorities that `keys_url` is verified with, instead of the system's.
  realm @9 :Text = "maitred" $Config.nonEmpty;
  # The realm in the challenge of a refusal.
}

struct ClientCertificateAuth {
  name @0 :CertificateName = commonName;
  # Where in the certificate the user's name stands. It must be there exactly once.
}

enum CertificateName {
  commonName @0;  # CN of the subject
  email @1;       # subject alternative name: an e-mail address
  dns @2;         # subject alternative name: a DNS name
  uri @3;         # subject alternative name: a URI, e.g. of SPIFFE
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
