#pragma once
// JSON from outside: strict, bounded, and refused with an error that helps.

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string_view>

namespace maitred::http {

// Parses one JSON document. Throws HttpError 400 for a syntax error (with line, column and what was
// expected), text that is not UTF-8, a number out of range, nesting beyond `maxDepth`, an object
// with a duplicate key (with the path to it), or anything after the document.
nlohmann::json parseJson(std::string_view text, size_t maxDepth = 64);

}  // namespace maitred::http
