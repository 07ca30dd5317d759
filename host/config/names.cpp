#include "names.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace maitred::host {

std::string toKey(std::string_view camelCase) {
  std::string key;
  for (char c : camelCase) {
    if (c >= 'A' && c <= 'Z') {
      if (!key.empty()) key += '_';
      key += static_cast<char>(c - 'A' + 'a');
    } else {
      key += c;
    }
  }
  return key;
}

namespace {

// Insertions, deletions, replacements and swaps of neighbours.
size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, row(b.size() + 1), next(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        next[j] = std::min(next[j], before[j - 2] + 1);
      }
    }
    before = row;
    row.swap(next);
  }
  return row[b.size()];
}

std::string plain(std::string_view word) {
  std::string result;
  for (char c : word) {
    if (c == '-' || c == '_' || c == ' ') continue;
    result += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  return result;
}

std::vector<std::string> sortedWords(std::string_view text) {
  std::vector<std::string> words(1);
  for (char c : text) {
    if (c == '-' || c == '_') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > 80) return std::nullopt;
  std::string bare = plain(word);
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  std::optional<std::string> found;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > 80) continue;
    size_t distance = editDistance(bare, plain(candidate));
    if (sortedWords(word) == sortedWords(candidate)) distance = 0;
    if (distance < best) {
      best = distance;
      found = candidate;
    } else if (distance == best && found != candidate) {
      found.reset();  // two are equally near: a guess would mislead
    }
  }
  return found;
}

namespace {

std::string quoteUpTo(std::string_view text, size_t limit) {
  std::string result = "\"";
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if ((c & 0xC0) != 0x80 && ++characters > limit) {
      result += "…";
      break;
    }
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", c);
      result += code;
    } else {
      result += text[i];
    }
  }
  return result + "\"";
}

}  // namespace

std::string quote(std::string_view text) {
  return quoteUpTo(text, 60);
}

std::string quotePath(std::string_view path) {
  return quoteUpTo(path, path.size());
}

std::string quoteAll(const std::vector<std::string>& words, std::string_view none) {
  if (words.empty()) return std::string(none);
  std::string result;
  for (const std::string& word : words) {
    if (!result.empty()) result += ", ";
    result += quote(word);
  }
  return result;
}

size_t countCharacters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

std::vector<std::string> splitKey(const std::string& key) {
  std::vector<std::string> parts(1);
  for (char c : key) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool soundsSecret(std::string_view key) {
  static constexpr std::array<std::string_view, 7> words = {
      "passw", "secret", "token", "credential", "private", "apikey", "passphrase"};
  std::string bare = plain(key);
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return bare.find(word) != std::string::npos; });
}

}  // namespace maitred::host
