#pragma once
// The graph of a configuration: which instance uses which, checked and put into an order.
//
// Pure: values in, values out; no I/O, no clock. The config reader fills `Node`s from the file and
// from the plugins' manifests; the runtime starts instances in the order found here and stops them
// in reverse.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace maitred::host::graph {

struct Interface {
  std::string name;  // e.g. "maitred.backend.Backend"
  uint64_t typeId = 0;
  bool operator==(const Interface&) const = default;
};

// How many providers a requirement takes: 1, 0..1, 1..n, 0..n. As in manifest.capnp.
enum class Multiplicity { one, optional, some, any };

struct Requirement {
  std::string name;  // the key under `uses:`
  Interface interface;
  Multiplicity multiplicity = Multiplicity::one;
  bool operator==(const Requirement&) const = default;
};

// `uses: { requirement: [providers] }`, in the order of the file.
struct Use {
  std::string requirement;
  std::vector<std::string> providers;
  bool operator==(const Use&) const = default;
};

struct Node {
  std::string name;    // of the instance
  std::string plugin;  // its manifest's name, for messages
  std::vector<Interface> provides;
  std::vector<Requirement> requirements;
  std::vector<Use> uses;
};

struct Edge {
  std::string consumer;
  std::string requirement;
  std::string provider;
  Interface interface;
  bool operator==(const Edge&) const = default;
};

// What is wrong with the wiring. `path` leads through the config as its keys are written, from
// `plugins` on:
// {"plugins", "cook", "uses", "backends", "1"}; the last number is an index of the list there.
struct Fault {
  std::vector<std::string> path;
  std::string message;
  std::string hint;  // what to do; may be empty
};

struct Graph {
  std::vector<Edge> edges;  // by consumer, in the order of the file
  std::vector<std::string>
      startOrder;  // providers before their consumers; ties in the order of the file
};

struct Linked {
  std::optional<Graph> graph;  // absent if there are faults
  std::vector<Fault> faults;   // all of them, not only the first
};

// Links the nodes. Faults: two instances of one name, a requirement that the plugin does not have,
// one left without a provider, too many providers, an unknown provider, the same provider twice, a
// provider that does not provide the interface, and a cycle, which is spelled out ("a uses b uses
// a").
Linked link(const std::vector<Node>& nodes);

// All instances that reach `provider` over edges, nearest first, without itself: whom its restart
// touches.
std::vector<std::string> dependants(const Graph& graph, const std::string& provider);

}  // namespace maitred::host::graph
