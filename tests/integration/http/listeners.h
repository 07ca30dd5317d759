#pragma once
// The HTTP listeners of the system, each real and on a socket: a server of the SDK alone, the
// queue's REST interface and the host's own endpoint of one `maitred run`.

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace maitred::http::test {

struct Listener {
  const char* name;
  const char* plain;      // method and path that are answered 200
  const char* withBody;   // … and where a body may come along
  bool takesBodies;       // false: any body at all is too large
  bool echoes;            // the body comes back
  bool shortIdleTime;     // a connection without a request is closed within seconds
};

inline void PrintTo(const Listener& listener, std::ostream* out) { *out << listener.name; }

// Which there are; known before any of them runs.
const std::vector<Listener>& listeners();

// The port of that listener. All are started by the first call, and end with the program.
uint16_t portOf(const Listener& listener);

// The largest body that those take which take bodies.
constexpr uint64_t BODY_MAX = 1 << 20;

}  // namespace maitred::http::test
