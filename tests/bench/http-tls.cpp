// What TLS costs: bytes through a connection, small requests on it, and new connections; each
// beside the same in plain text. Client and server share one loop and so one core.
#include "certificates.h"

#include <maitred/http/server.h>
#include <maitred/testing/harness.h>
#include <maitred/tls.h>

#include <kj/async-io.h>

#include <benchmark/benchmark.h>

namespace maitred::http {
namespace {

class Bench {
 public:
  explicit Bench(bool secure) : secure(secure) {
    testing::writeServerFiles(folder.path(), authority);
    auto at = [&](const char* name) { return folder.path() + "/" + name; };
    acceptor = kj::heap<tls::Acceptor>(io.provider->getTimer(), kj::systemCoarseCalendarClock(),
                                       tls::Files{at("cert.pem"), at("key.pem"), ""});
    connector = kj::heap<tls::Connector>(tls::ConnectorFiles{at("ca.pem"), "", ""});
  }

  struct Ends {
    kj::Own<kj::AsyncIoStream> server, client;
  };
  Ends connect() {
    auto pipe = io.provider->newTwoWayPipe();
    if (!secure) return {kj::mv(pipe.ends[0]), kj::mv(pipe.ends[1])};
    auto server = acceptor->accept(kj::mv(pipe.ends[0]));
    auto serving = server->handshake().eagerlyEvaluate(nullptr);
    auto client = connector->connect(kj::mv(pipe.ends[1]), "localhost").wait(io.waitScope);
    serving.wait(io.waitScope);
    return {kj::mv(server), kj::mv(client)};
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  const bool secure;
  testing::TemporaryDirectory folder;
  testing::Authority authority;
  kj::Own<tls::Acceptor> acceptor;
  kj::Own<tls::Connector> connector;
};

// One direction, in writes of this size.
void Bytes(benchmark::State& state) {
  Bench bench(state.range(0) != 0);
  auto ends = bench.connect();
  auto size = static_cast<size_t>(state.range(1));
  auto data = kj::heapArray<kj::byte>(size), got = kj::heapArray<kj::byte>(size);
  for (auto& byte : data) byte = 'x';
  for (auto unused : state) {
    auto writing = ends.server->write(data.begin(), size);
    ends.client->read(got.begin(), size).wait(bench.io.waitScope);
    writing.wait(bench.io.waitScope);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * size));
}
BENCHMARK(Bytes)
    ->ArgNames({"tls", "write"})
    ->ArgsProduct({{0, 1}, {1 << 10, 16 << 10, 256 << 10, 4 << 20}})
    ->UseRealTime();

// Small requests, one after the other on a connection that stays.
void Requests(benchmark::State& state) {
  Bench bench(state.range(0) != 0);
  Router router;
  router.on("GET", "/", [](Request&) { return Response::text(200, std::string(200, 'x')); });
  Server server(bench.io.provider->getTimer(), kj::systemCoarseCalendarClock(), {}, kj::mv(router),
                oneUser("ana"));
  auto pipe = bench.io.provider->newTwoWayPipe();
  kj::Own<kj::AsyncIoStream> client = kj::mv(pipe.ends[1]);
  if (bench.secure) server.setTls(kj::mv(bench.acceptor));
  server.serve(kj::mv(pipe.ends[0]));
  if (bench.secure) {
    client = bench.connector->connect(kj::mv(client), "localhost").wait(bench.io.waitScope);
  }
  static constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  char answer[4096];
  for (auto unused : state) {
    client->write(request.data(), request.size()).wait(bench.io.waitScope);
    client->tryRead(answer, 300, sizeof answer).wait(bench.io.waitScope);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(Requests)->ArgNames({"tls"})->Arg(0)->Arg(1)->UseRealTime();

// A new connection each time; with TLS that is a whole handshake of both sides, P-256.
void Connections(benchmark::State& state) {
  Bench bench(state.range(0) != 0);
  for (auto unused : state) bench.connect();
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(Connections)->ArgNames({"tls"})->Arg(0)->Arg(1)->UseRealTime();

}  // namespace
}  // namespace maitred::http

BENCHMARK_MAIN();
