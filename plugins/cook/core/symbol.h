#pragma once
// Symbol: a text that many objects share, like a user's name: it takes the room of a pointer, and
// equal ones are one. The text lives as long as any symbol of it. Safe to use from any thread, as
// std::string is.

#include <string>
#include <string_view>

namespace maitred::cook {

class Symbol {
 public:
  Symbol() = default;  // the empty text
  Symbol(std::string_view text) : entry(intern(text)) {}
  Symbol(const std::string& text) : Symbol(std::string_view(text)) {}
  Symbol(const char* text) : Symbol(std::string_view(text)) {}
  Symbol(const Symbol& other) : entry(share(other.entry)) {}
  Symbol(Symbol&& other) noexcept : entry(other.entry) { other.entry = nullptr; }
  Symbol& operator=(Symbol other) noexcept {
    std::swap(entry, other.entry);
    return *this;
  }
  ~Symbol() {
    if (entry != nullptr) release(entry);
  }

  const std::string& str() const { return entry == nullptr ? EMPTY : textOf(entry); }
  operator const std::string&() const { return str(); }
  const char* c_str() const { return str().c_str(); }
  std::size_t size() const { return str().size(); }
  bool empty() const { return entry == nullptr; }

  friend bool operator==(const Symbol& a, const Symbol& b) { return a.entry == b.entry; }
  friend bool operator==(const Symbol& a, std::string_view b) { return a.str() == b; }
  friend bool operator==(const Symbol& a, const std::string& b) { return a.str() == b; }
  friend bool operator==(const Symbol& a, const char* b) { return a.str() == b; }
  friend bool operator<(const Symbol& a, const Symbol& b) { return a.str() < b.str(); }
  friend std::string operator+(const std::string& a, const Symbol& b) { return a + b.str(); }
  friend std::string operator+(const char* a, const Symbol& b) { return a + b.str(); }
  friend std::string operator+(const Symbol& a, const char* b) { return a.str() + b; }
  template <typename Stream>
  friend Stream& operator<<(Stream& out, const Symbol& one) {
    out << one.str();
    return out;
  }

 private:
  struct Entry;
  static const std::string EMPTY;
  Entry* entry = nullptr;

  static Entry* intern(std::string_view text);
  static Entry* share(Entry* entry);
  static void release(Entry* entry);
  static const std::string& textOf(const Entry* entry);
};

}  // namespace maitred::cook
