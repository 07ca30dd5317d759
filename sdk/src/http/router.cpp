#include <maitred/http/router.h>

#include <kj/debug.h>

#include <map>
#include <set>

namespace maitred::http {

namespace {

struct Node {
  using Methods = std::map<std::string, std::unique_ptr<Router::Route>, std::less<>>;
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  Methods methods;   // of the path that ends here
  Methods rest;      // of `*name` that begins here
};

Router::Route* choose(const Node::Methods& methods, std::string_view method) {
  for (std::string_view wanted : {method, std::string_view(method == "HEAD" ? "GET" : "*"),
                                  std::string_view("*")}) {
    auto found = methods.find(wanted);
    if (found != methods.end()) return found->second.get();
  }
  return nullptr;
}

// Walks the tree along the segments; goes back where a literal leads nowhere but a parameter would.
struct Search {
  std::string_view method;
  const std::vector<std::string>& segments;
  std::vector<std::string> values;
  std::set<std::string> allowed;

  Router::Route* from(const Node& node, size_t index) {
    if (index == segments.size()) return end(node.methods);
    auto literal = node.literals.find(segments[index]);
    if (literal != node.literals.end()) {
      if (auto* route = from(*literal->second, index + 1)) return route;
    }
    // A parameter is never empty: /jobs/ is not a job.
    if (node.parameter != nullptr && !segments[index].empty()) {
      values.push_back(segments[index]);
      if (auto* route = from(*node.parameter, index + 1)) return route;
      values.pop_back();
    }
    if (node.rest.empty()) return nullptr;
    auto* route = end(node.rest);
    if (route != nullptr) {
      std::string joined = segments[index];
      for (size_t i = index + 1; i < segments.size(); ++i) joined += "/" + segments[i];
      values.push_back(std::move(joined));
    }
    return route;
  }

  Router::Route* end(const Node::Methods& methods) {
    auto* route = choose(methods, method);
    if (route != nullptr) return route;
    for (auto& [name, unused] : methods) {
      allowed.insert(name);
      if (name == "GET") allowed.insert("HEAD");
    }
    return nullptr;
  }
};

std::vector<std::string> splitPattern(std::string_view pattern) {
  KJ_REQUIRE(!pattern.empty() && pattern.front() == '/', "a route begins with '/'",
             std::string(pattern).c_str());
  std::vector<std::string> parts;
  size_t start = 1;
  while (true) {
    size_t slash = std::min(pattern.find('/', start), pattern.size());
    parts.emplace_back(pattern.substr(start, slash - start));
    if (slash == pattern.size()) return parts;
    start = slash + 1;
  }
}

}  // namespace

struct Router::Impl {
  Node root;
  std::set<std::string> listing;
  std::vector<Filter> before, after;
  std::vector<Finish> finishers;
  kj::Function<Response(Request&)> notFound = [](Request& request) {
    return Response::error(404, "no such resource: " + request.path);
  };
  kj::Function<Response(Request&, std::string_view)> methodNotAllowed =
      [](Request&, std::string_view allow) {
        return Response::error(405, "method not allowed here; allowed: " + std::string(allow));
      };
  kj::Function<Response(Request&, const Rejection&)> unauthenticated =
      [](Request&, const Rejection& rejection) {
        return Response::error(rejection.status, rejection.reason);
      };

  static kj::Maybe<Response> run(std::vector<Filter>& filters, Request& request) {
    for (auto& filter : filters) {
      KJ_IF_MAYBE (response, filter(request)) return kj::mv(*response);
    }
    return nullptr;
  }
};

Router::Router() : impl(std::make_unique<Impl>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() noexcept = default;

void Router::on(std::string_view method, std::string_view pattern, Handler handler,
                RouteOptions options) {
  Node* node = &impl->root;
  Node::Methods* methods = nullptr;
  auto route = std::make_unique<Route>(Route{kj::mv(handler), options, {}});
  for (auto& part : splitPattern(pattern)) {
    KJ_REQUIRE(methods == nullptr, "nothing may follow '*name'", std::string(pattern).c_str());
    char kind = part.empty() ? '\0' : part[0];
    if (kind == ':' || kind == '*') {
      KJ_REQUIRE(part.size() > 1, "a path parameter needs a name", std::string(pattern).c_str());
      route->names.push_back(part.substr(1));
    }
    if (kind == '*') {
      methods = &node->rest;
    } else {
      auto& child = kind == ':' ? node->parameter : node->literals[part];
      if (child == nullptr) child = std::make_unique<Node>();
      node = child.get();
    }
  }
  if (methods == nullptr) methods = &node->methods;
  bool fresh = methods->try_emplace(std::string(method), std::move(route)).second;
  KJ_REQUIRE(fresh, "this route exists already", std::string(method).c_str(),
             std::string(pattern).c_str());
  impl->listing.insert(std::string(method) + " " + std::string(pattern) +
                       (options.authenticate ? "" : " open"));
}

std::vector<std::string> Router::list() const {
  return {impl->listing.begin(), impl->listing.end()};
}

void Router::beforeAuth(Filter filter) { impl->before.push_back(kj::mv(filter)); }
void Router::afterAuth(Filter filter) { impl->after.push_back(kj::mv(filter)); }
void Router::finish(Finish hook) { impl->finishers.push_back(kj::mv(hook)); }
void Router::notFound(kj::Function<Response(Request&)> make) { impl->notFound = kj::mv(make); }
void Router::methodNotAllowed(kj::Function<Response(Request&, std::string_view)> make) {
  impl->methodNotAllowed = kj::mv(make);
}
void Router::unauthenticated(kj::Function<Response(Request&, const Rejection&)> make) {
  impl->unauthenticated = kj::mv(make);
}

Router::Match Router::find(Request& request) {
  Search search{request.method, request.segments, {}, {}};
  Match match;
  match.route = search.from(impl->root, 0);
  if (match.route != nullptr) {
    request.params.clear();
    for (size_t i = 0; i < search.values.size(); ++i) {
      request.params.emplace_back(match.route->names[i], std::move(search.values[i]));
    }
    return match;
  }
  for (auto& method : search.allowed) {
    match.allow += (match.allow.empty() ? "" : ", ") + method;
  }
  return match;
}

kj::Maybe<Response> Router::runBeforeAuth(Request& request) {
  return Impl::run(impl->before, request);
}
kj::Maybe<Response> Router::runAfterAuth(Request& request) {
  return Impl::run(impl->after, request);
}
void Router::runFinish(const Request& request, Response& response) {
  for (auto& hook : impl->finishers) hook(request, response);
}

Response Router::makeNotFound(Request& request) { return impl->notFound(request); }

Response Router::makeMethodNotAllowed(Request& request, std::string_view allow) {
  Response response = impl->methodNotAllowed(request, allow);
  response.set("Allow", std::string(allow));
  return response;
}

Response Router::makeUnauthenticated(Request& request, const Rejection& rejection) {
  Response response = impl->unauthenticated(request, rejection);
  if (!rejection.challenge.empty()) response.set("WWW-Authenticate", rejection.challenge);
  return response;
}

}  // namespace maitred::http
