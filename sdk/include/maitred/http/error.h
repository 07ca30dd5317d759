#pragma once
// How a handler says "this is the client's fault", and the words for status numbers.
//
//   throw HttpError(404, "no job " + uuid);       // anywhere below a handler, coroutine or not
//
// HttpError *is* a kj::Exception, so it survives promises and coroutines. It does not survive RPC:
// what comes back from another plugin is an ordinary exception and becomes 500 or 503, never the
// client's fault by accident. What an exception becomes when it leaves a handler:
//   HttpError                   its status and message, in the error envelope
//   kj OVERLOADED               503 with Retry-After
//   kj DISCONNECTED             503 with Retry-After
//   kj UNIMPLEMENTED, FAILED,
//   anything else               500; the client gets the request id, the error log gets the text

#include <kj/exception.h>

#include <optional>
#include <string>
#include <string_view>

namespace maitred::http {

class HttpError : public kj::Exception {
 public:
  // status: 400 to 599. The message is shown to the client: no secrets, no internals.
  HttpError(unsigned status, std::string_view message);

  struct Seen {
    unsigned status;
    std::string message;
  };
  // Recognises an HttpError after it has travelled as a kj::Exception.
  static std::optional<Seen> from(const kj::Exception& exception);
};

// "Not Found" for 404; "Status" for a number without a registered phrase.
std::string_view reasonPhrase(unsigned status);

}  // namespace maitred::http
