// The plugin: reads the config, opens the store, and ties queue, REST interface and contract
// together.

#include "cli/cli.h"
#include "policy/inputs-question.h"
#include "queue/contract.h"
#include "queue/policy-watch.h"
#include "rest/authentication.h"
#include "rest/rest.h"
#include "extension-settings.h"
#include "leader-settings.h"
#include "pool-settings.h"

#include <maitred/offload.h>
#include <maitred/plugin.h>
#include <maitred/store-commands.h>

#include <cook.capnp.h>

#include <ctime>
#include <random>

#include <signal.h>
#include <unistd.h>

namespace maitred::cook {
namespace {

constexpr kj::Duration SHUTDOWN_DELAY = 5 * kj::SECONDS;

std::string isoTime(std::int64_t unixMs) {
  std::time_t seconds = unixMs / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
  return text;
}

std::array<std::uint64_t, 4> entropy() {
  std::random_device device;
  std::array<std::uint64_t, 4> seed;
  for (auto& word : seed) word = std::uint64_t{device()} << 32 | device();
  return seed;
}

}  // namespace

class CookPlugin final : public PluginOf<CookConfig> {
 public:
  explicit CookPlugin(Context& context)
      : context(context),
        policies(lua::Search{context.policyPath(), ""},
                 [&context](const std::string& text) { context.log().error(text.c_str()); }) {}

  static void check(CookConfig::Reader config, Problems& problems) {
    for (const ConfigFault& fault : faultsIn(config)) {
      problems.error(fault.path, fault.message, fault.hint);
    }
  }

  static int commandLine(CommandLine line) { return cli::run(line); }

  kj::Promise<void> start(CookConfig::Reader config, Grants& grants) override {
    for (auto& granted : grants.all<backend::Backend>("backends")) {
      backends.emplace_back(granted.instance.cStr(), kj::mv(granted.client));
    }
    leader = leaderSettings(config);
    extensions = providersIn(grants);
    storeUrl = config.getStore().cStr();
    archives = config.getCompletedJobs().getArchive();
    read(config);
    rest.startedMs = (context.clock().now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
    rest.startedAt = isoTime(rest.startedMs);
    caseFile = caseFileSettings(config);
    if (leader.follows()) {
      startFollowing(frontOf(config));
      return kj::READY_NOW;
    }
    return startSteps(queueSettings(config), policyFiles(config), frontOf(config));
  }

  kj::Promise<void> activate(uint64_t fence) override {
    if (follower.get() != nullptr) {
      backends.clear();  // nothing is started there
    } else {
      queue->activate(fence, kj::mv(backends));
    }
    return kj::READY_NOW;
  }

  kj::Promise<Reconfigured> reconfigure(CookConfig::Reader config) override {
    LeaderSettings wantedLeader = leaderSettings(config);
    if ((leader.follows() || wantedLeader.follows()) && !(leader == wantedLeader)) {
      return Reconfigured::needsRestart("whom it follows has changed");
    }
    if (leader.follows()) {
      apply(frontOf(config), config);
      return Reconfigured::applied();
    }
    if (storeUrl != config.getStore().cStr()) {
      return Reconfigured::needsRestart("the store has changed");
    }
    // Which nodes and jobs are whose was settled by these.
    Pools wanted = poolsOf(config), present = queue->pools();
    if (wanted.defaultPool() != present.defaultPool() ||
        (wanted.all().size() == 1) != (present.all().size() == 1)) {
      return Reconfigured::needsRestart(
          "the default pool has changed, or whether there are several");
    }
    if (archives != config.getCompletedJobs().getArchive()) {
      return Reconfigured::needsRestart("the archive was switched on or off");
    }
    apply(frontOf(config), config);  // throws before anything has been changed
    queue->configure(queueSettings(config));
    if (auto wanted = caseFileSettings(config); !(wanted == caseFile)) {
      caseFile = wanted;
      record();
    }
    return reloadPolicies(policyFiles(config)).then([](std::string) {
      return Reconfigured::applied();
    });
  }

  kj::Promise<void> drain(kj::Duration deadline) override {
    auto both = kj::heapArrayBuilder<kj::Promise<void>>(2);
    both.add(server->drain(deadline));
    both.add(queue.get() == nullptr ? kj::Promise<void>(kj::READY_NOW) : queue->drain());
    return kj::joinPromises(both.finish());
  }

  Health health() override {
    if (follower.get() != nullptr) {
      const std::string& trouble = follower->trouble();
      std::string message = trouble.empty() ? "follows " + leader.follow : trouble;
      return {trouble.empty(), kj::heapString(message.c_str())};
    }
    if (queue.get() == nullptr) return {false, kj::heapString("starting")};
    std::string trouble = queue->trouble();
    if (!trouble.empty()) return {false, kj::heapString(trouble.c_str())};
    auto tls = http::tlsHealth(*server);
    std::string message = tls.message.empty() ? queue->notes() : tls.message;
    return {tls.ready, kj::heapString(message.c_str())};
  }

  void collect() override {
    if (server.get() == nullptr) return;
    if (queue.get() != nullptr) queue->collectMetrics();
    http::reportTls(*server, context.metrics(), "maitred_cook");
  }

  kj::Promise<void> refresh() override { return server->refreshTls(); }

  // `policy`: what decides now. `policy-reload`: reads the same files again. `policy-inputs`: what
  // the policies would be asked about, for `maitred policy eval`. `routes`: what is served over
  // HTTP.
  kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input) override {
    if (name == "policy") return describePolicies();
    if (name == "routes") return kj::heapString(server->routes().c_str());
    if (name == "policy-reload") {
      return reloadPolicies(files).then([this](std::string) { return describePolicies(); });
    }
    if (name == "policy-inputs") return policyInputs(input);
    if (store::StoreCommands::knows(name)) return stores.command(name, input);
    return PluginOf<CookConfig>::command(name, input);
  }

 private:
  Context& context;
  std::vector<std::pair<std::string, backend::Backend::Client>> backends;
  ExtensionProviders extensions;  // until the queue has them
  std::string storeUrl;
  RestSettings rest;
  CaseFileSettings caseFile;
  PolicyFiles files;
  Policies policies;
  bool archives = true;
  kj::Own<Records> records;
  kj::Own<Archive> archive;
  store::StoreCommands stores;
  kj::Own<BatchQueue> queue;
  kj::Own<QueueContract> contract;
  kj::Own<Rest> routes;
  LeaderSettings leader;
  kj::Own<Follower> follower;  // there is no queue then
  kj::Own<http::Server> server;
  kj::Own<PolicyWatch> watch;
  kj::Promise<void> ending = nullptr;

  kj::Maybe<Archive&> archiveInUse() {
    if (archive.get() == nullptr) return nullptr;
    return *archive;
  }

  // What stands between the network and the routes.
  struct Front {
    http::Limits limits;
    kj::Own<http::Authenticator> authenticator;
    kj::Maybe<kj::Own<tls::Acceptor>> tls;
  };

  Front frontOf(CookConfig::Reader config) {
    auto http = config.getHttp();
    auto warn = [this](kj::StringPtr text) { context.log().warning(text); };
    http::Outside outside{context.timer(), context.clock(), context.io().getNetwork(), warn};
    tls::Acceptor::Hooks hooks;
    hooks.info = [this](kj::StringPtr text) { context.log().info(text); };
    hooks.warning = kj::cp(warn);  // a named function would be kept by reference
    return {http::limitsFrom(http.getLimits()),
            cookAuthenticator(http::authenticatorFrom(http.getAuth(), outside), context.log(),
                              context.timer()),
            http::acceptorFrom(http.getTls(), context.timer(), context.clock(), kj::mv(hooks))};
  }

  void read(CookConfig::Reader config) {
    auto startedMs = rest.startedMs;
    auto startedAt = rest.startedAt;
    rest = restSettings(config);
    rest.startedMs = startedMs;
    rest.startedAt = startedAt;
  }

  void apply(Front front, CookConfig::Reader config) {
    read(config);
    server->setLimits(front.limits);
    server->setAuthenticator(kj::mv(front.authenticator));
    server->setTls(kj::mv(front.tls));
  }

  void startFollowing(Front front) {
    follower = kj::heap<Follower>(context.timer(), context.io().getNetwork(), context.log(), rest,
                                  leader);
    context.provide<queue::Queue>(followingQueue(leader.follow));
    serve(kj::mv(front), follower->router());
  }

  http::Router router() {
    http::Router router = routes->router();
    // For whoever scrapes the queue where its users are; the host has it as well.
    auto metrics = [this](http::Request&) -> kj::Promise<http::Response> {
      collect();
      auto response = http::Response::text(200, context.metrics().text());
      response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      return kj::mv(response);
    };
    router.on("GET", "/metrics", kj::mv(metrics), {.authenticate = false});
    return router;
  }

  RestProcess process() {
    auto shutdown = [this](const std::string& user, const std::string& reason) {
      context.log().warning("user ", user.c_str(), " ends this process in 5 seconds: ",
                            reason.c_str());
      ending = end().eagerlyEvaluate(nullptr);
    };
    auto limited = [this](const char* kind) -> metrics::Counter& {
      return context.metrics().counter("maitred_cook_requests_limited_total",
                                       "Requests refused as too many in a minute",
                                       {{"kind", kind}});
    };
    // Exported from the start on, see QueueMetrics.
    for (const char* kind : {"user", "open", "metrics"}) limited(kind);
    return {std::move(shutdown), [limited](const char* kind) { limited(kind).add(); }};
  }

  // As if somebody had told the process to end. What was accepted is durable by then, and what runs
  // goes on.
  kj::Promise<void> end() {
    return context.timer()
        .afterDelay(SHUTDOWN_DELAY)
        .then([this] { return queue->drain(); })
        .catch_([](kj::Exception&&) {})
        .then([] { ::kill(getpid(), SIGTERM); });
  }

  void record() {
    if (caseFile.folder.empty()) return queue->record(nullptr, 0);
    queue->record(caseFileSink(caseFile.folder, caseFile.files), caseFile.size);
  }

  kj::Promise<std::string> reloadPolicies(PolicyFiles wanted) {
    files = wanted;
    return policies.load(std::move(wanted)).then([this](std::string problems) {
      if (!problems.empty()) {
        context.log().error("policies: ", problems.c_str());
      } else {
        context.log().info("policies in force: ", policies.description().c_str());
      }
      if (queue.get() != nullptr) queue->policiesChanged();
      return problems;
    });
  }

  kj::String describePolicies() {
    auto replace = nlohmann::json::error_handler_t::replace;  // of what is no UTF-8
    return kj::heapString(policies.report().dump(-1, ' ', false, replace).c_str());
  }

  kj::Promise<kj::String> policyInputs(kj::StringPtr input) {
    KJ_REQUIRE(queue.get() != nullptr, "this queue is starting, or follows another");
    Snapshot snapshot;
    try {
      SnapshotRequest request = snapshotRequest(input.cStr(), queue->pools());
      snapshot = queue->policyInputs(*request.pool, request.limits);
    } catch (const SnapshotError& error) {
      kj::throwFatalException(KJ_EXCEPTION(FAILED, kj::str(error.what())));
    }
    return offload([snapshot = std::move(snapshot)]() mutable {
      return kj::heapString(snapshotAnswer(std::move(snapshot)).c_str());
    });
  }

  Async<void> openStores() {
    store::Options options{.url = storeUrl, .directory = context.stateDirectory().cStr()};
    options.application = "maitred-cook";
    options.instance = context.instance().cStr();
    records = co_await Records::open(options);
    stores.add("main", records->store(), [this] { return records->findings(); });
    if (archives) {
      archive = co_await Archive::open(options);
      stores.add("archive", archive->store());
    }
    if (!records->store().replaced().empty()) {
      context.log().warning("a backup was restored; the former store is kept as ",
                            records->store().replaced().c_str());
    }
  }

  Async<void> startSteps(QueueSettings settings, PolicyFiles wanted, Front front) {
    // The server's members go down before what they refer to; see the order above.
    co_await openStores();
    co_await reloadPolicies(wanted);
    StoreContents contents;
    contents.jobs = co_await records->load();
    contents.administration = co_await records->loadAdministration();
    contents.counters = co_await records->loadCounters();
    QueueWorld world{context.timer(),   context.clock(),           context.log(),
                     context.metrics(), context.instance().cStr(), entropy()};
    world.extensions = std::move(extensions);
    queue = kj::heap<BatchQueue>(kj::mv(world), *records, policies, settings, std::move(contents),
                                 archiveInUse());
    record();
    contract = kj::heap<QueueContract>(*queue, rest.limits, context.log());
    context.provide<queue::Queue>(contract->client());
    routes = kj::heap<Rest>(*queue, rest, process());
    serve(kj::mv(front), router());
    watch = kj::heap<PolicyWatch>(
        context.timer(), [this] { return files; },
        [this] { return reloadPolicies(files).ignoreResult(); });
  }

  void serve(Front front, http::Router router) {
    http::ServerHooks hooks;
    hooks.access = [this](const http::Access& access) {
      if (context.log().level() == log::Level::debug) {
        context.log().debug(http::formatAccess(access).c_str());
      }
    };
    hooks.problem = [this](kj::StringPtr text) { context.log().error(text); };
    server = kj::heap<http::Server>(context.timer(), context.clock(), front.limits,
                                    kj::mv(router), kj::mv(front.authenticator), kj::mv(hooks));
    server->setTls(kj::mv(front.tls));
    if (context.hasListener("rest")) server->listen(context.listener("rest"));
  }
};

}  // namespace maitred::cook

MAITRED_PLUGIN(maitred::cook::CookPlugin)
