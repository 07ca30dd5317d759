#include "pattern.h"

#include <re2/re2.h>

namespace maitred::cook {
namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

std::shared_ptr<const RE2> compile(const std::string& text) {
  RE2::Options options;
  options.set_log_errors(false);
  return std::make_shared<const RE2>(text, options);
}

}  // namespace

std::optional<std::string> Pattern::faultIn(const std::string& text) {
  auto compiled = compile(text);
  if (compiled->ok()) return std::nullopt;
  return compiled->error();
}

Pattern::Pattern(std::string text) : text_(std::move(text)), compiled(compile(text_)) {}

bool Pattern::isFoundIn(std::string_view subject) const {
  return compiled->ok() && RE2::PartialMatch(piece(subject), *compiled);
}

bool Pattern::matches(std::string_view subject) const {
  return compiled->ok() && RE2::FullMatch(piece(subject), *compiled);
}

}  // namespace maitred::cook
