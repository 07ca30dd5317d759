#pragma once
// Spelling: keys from field names, the nearest known word, texts quoted for a message.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::host {

// "killGrace" -> "kill_grace"
std::string toKey(std::string_view camelCase);

// The candidate that was meant, if only one is near: few letters off, or the same words in another
// order.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// Between double quotes, control characters escaped, cut after 60 characters.
std::string quote(std::string_view text);

// The same without a cut: half a path helps nobody, and the system bounds its length.
std::string quotePath(std::string_view path);

// "a", "b", "c"; `none` for an empty list.
std::string quoteAll(const std::vector<std::string>& words, std::string_view none = "none");

// Number of characters of valid UTF-8.
size_t countCharacters(std::string_view text);

// "host.log.level" -> {"host", "log", "level"}; an empty part where two dots meet.
std::vector<std::string> splitKey(const std::string& key);

// Whether a key sounds like one that holds a secret; used where the type is not known.
bool soundsSecret(std::string_view key);

}  // namespace maitred::host
