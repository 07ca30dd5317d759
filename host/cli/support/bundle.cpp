#include "bundle.h"

#include "host/cli/command.h"

#include <algorithm>
#include <exception>

namespace maitred::host::cli {

namespace {

constexpr std::string_view cutMark = "\n[… the rest is left out: the text is too long …]\n";

std::string_view shortened(std::string_view text, size_t most, Bundle::Keep keep) {
  if (text.size() <= most) return text;
  if (keep == Bundle::Keep::beginning) {
    text = text.substr(0, most);
    auto end = text.rfind('\n');
    return end == std::string_view::npos ? text : text.substr(0, end + 1);
  }
  text = text.substr(text.size() - most);
  auto start = text.find('\n');
  return start == std::string_view::npos ? text : text.substr(start + 1);
}

// Where the first piece of a longer text ends: behind a line break, so that no secret is cut in
// two.
size_t pieceEnd(std::string_view text) {
  if (text.size() <= Bundle::pieceBytes) return text.size();
  auto end = text.rfind('\n', Bundle::pieceBytes - 1);
  return end == std::string_view::npos ? Bundle::pieceBytes : end + 1;
}

}  // namespace

std::string Bundle::maskedWhole(std::string_view text) const {
  std::string out;
  while (!text.empty()) {
    size_t end = pieceEnd(text);
    out += mask(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

void Bundle::add(const std::string& name, std::string_view text, Keep keep) {
  auto part = shortened(text, std::min(textBytes, totalBytes - size), keep);
  try {
    auto shown = maskedWhole(part);
    if (part.size() < text.size()) {
      shown = keep == Keep::beginning ? shown.append(cutMark) : std::string(cutMark) + shown;
    }
    size = std::min(totalBytes, size + part.size());
    kept[name] = std::move(shown);
  } catch (const Failure& fault) {
    missing(name, "secrets could not be taken out: " + fault.message);
  }
}

void Bundle::add(const std::string& name, const std::function<std::string()>& work) {
  try {
    add(name, work());
  } catch (const Failure& fault) {
    missing(name, fault.message);
  } catch (const std::exception& fault) {  // an answer of a form that nobody expected
    missing(name, fault.what());
  }
}

void Bundle::missing(const std::string& name, const std::string& why) {
  left.push_back(name + ": " + why);
}

}  // namespace maitred::host::cli
