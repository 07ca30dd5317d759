#pragma once
// Which web pages may call the interface: Cook's rules for the header Origin, before anybody is
// asked who they are.

#include <core/pattern.h>

#include <maitred/http.h>


namespace maitred::cook {

class CrossOrigin {
 public:
  // Patterns that an origin must match as a whole; they may change between requests.
  explicit CrossOrigin(const std::vector<Pattern>& patterns) : patterns(patterns) {}

  // Joins the router: the filter, and what it adds to responses.
  void guard(http::Router& router);

 private:
  const std::vector<Pattern>& patterns;

  bool allowed(const std::string& origin, const http::Request& request);
  kj::Maybe<http::Response> filter(http::Request& request);
  void finish(const http::Request& request, http::Response& response);
};

}  // namespace maitred::cook
