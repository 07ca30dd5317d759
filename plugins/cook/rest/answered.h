#pragma once
// From what a route refuses to what is answered.

#include "fields.h"

#include <maitred/http.h>

namespace maitred::cook {

// The answer of call(), which may throw SchemaError and Refused. With `bareErrors` refusals are the
// text alone and no JSON object.
template <typename Call>
kj::Promise<http::Response> answered(bool bareErrors, Call&& call) {
  try {
    return call();
  } catch (const SchemaError& error) {
    return http::Response::rawJson(400, error.what());
  } catch (const Refused& refused) {
    return bareErrors ? http::Response::text(refused.status, refused.what())
                      : http::Response::error(refused.status, refused.what());
  }
}

}  // namespace maitred::cook
