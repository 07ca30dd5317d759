#pragma once
// One request and its response on a connection.

#include "body-reader.h"
#include "shared.h"

#include <maitred/http/request.h>

#include <optional>
#include <string>

namespace maitred::http {

class Exchange {
 public:
  Exchange(Shared& shared, const RemoteAddress& remote);
  // Writes the access log and counts, also when the connection is cut midway (status 0).
  ~Exchange() noexcept(false);
  KJ_DISALLOW_COPY(Exchange);

  // Takes the bytes of a head. Nothing on success.
  std::optional<WireError> open(std::string_view bytes);

  // The response for an exception that left a handler, filter or authenticator.
  Response failed(const kj::Exception& exception);

  Request request;
  RequestHead head;
  BodyMemory memory;
  bool bodyRead = false;        // nothing of this request is left on the connection
  bool malformed = false;

  // For the log.
  unsigned status = 0;
  uint64_t responseBytes = 0;
  std::string problem;

 private:
  std::optional<WireError> openTarget();
  void account(kj::Duration duration);

  Shared& shared;
};

}  // namespace maitred::http
