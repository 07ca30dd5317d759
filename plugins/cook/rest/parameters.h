#pragma once
// Parameters of a query, read and checked. All throw Refused for what is no such value.

#include "fields.h"
#include "name-filter.h"

#include <maitred/http.h>

namespace maitred::cook {

// Whether it is `true`.
bool flagOf(const http::Request& request, const char* key);
// Nothing: it is not there.
std::optional<std::int64_t> numberOf(const http::Request& request, const char* key);
// ISO-8601 or unix milliseconds; what is not there is refused too.
std::int64_t timeOf(const http::Request& request, const char* key);
// The parameter `limit`: above 0, and never above `most`.
std::size_t limitIn(const http::Request& request, std::int64_t otherwise, std::size_t most);

NameFilter nameFilter(std::string_view filter);

}  // namespace maitred::cook
