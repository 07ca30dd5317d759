#include <maitred/http/error.h>

#include <kj/string.h>

#include <algorithm>
#include <array>

namespace maitred::http {

namespace {

// The *address* of this array marks an exception as ours: it survives copies and moves of the
// exception inside the process, and nothing that arrives over RPC can carry it.
const char marker[] = "maitred/http";

struct Phrase {
  unsigned status;
  std::string_view text;
};
constexpr std::array phrases = {
    Phrase{100, "Continue"}, Phrase{101, "Switching Protocols"}, Phrase{200, "OK"},
    Phrase{201, "Created"}, Phrase{202, "Accepted"}, Phrase{203, "Non-Authoritative Information"},
    Phrase{204, "No Content"}, Phrase{205, "Reset Content"}, Phrase{206, "Partial Content"},
    Phrase{300, "Multiple Choices"}, Phrase{301, "Moved Permanently"}, Phrase{302, "Found"},
    Phrase{303, "See Other"}, Phrase{304, "Not Modified"}, Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"}, Phrase{400, "Bad Request"}, Phrase{401, "Unauthorized"},
    Phrase{402, "Payment Required"}, Phrase{403, "Forbidden"}, Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"}, Phrase{406, "Not Acceptable"},
    Phrase{407, "Proxy Authentication Required"}, Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"}, Phrase{410, "Gone"}, Phrase{411, "Length Required"},
    Phrase{412, "Precondition Failed"}, Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"}, Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"}, Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"}, Phrase{422, "Unprocessable Content"}, Phrase{423, "Locked"},
    Phrase{424, "Failed Dependency"}, Phrase{426, "Upgrade Required"},
    Phrase{428, "Precondition Required"}, Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"}, Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"}, Phrase{502, "Bad Gateway"}, Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"}, Phrase{505, "HTTP Version Not Supported"},
};

}  // namespace

HttpError::HttpError(unsigned status, std::string_view message)
    : kj::Exception(Type::FAILED, marker, static_cast<int>(status),
                    kj::heapString(message.data(), message.size())) {}

std::optional<HttpError::Seen> HttpError::from(const kj::Exception& exception) {
  if (exception.getFile() != marker) return std::nullopt;
  auto text = exception.getDescription();
  return Seen{static_cast<unsigned>(exception.getLine()), std::string(text.begin(), text.size())};
}

std::string_view reasonPhrase(unsigned status) {
  auto found = std::lower_bound(phrases.begin(), phrases.end(), status,
                                [](const Phrase& p, unsigned s) { return p.status < s; });
  return found != phrases.end() && found->status == status ? found->text : "Status";
}

}  // namespace maitred::http
