#pragma once
// Few<T>: a vector for what is mostly empty: it takes the room of a pointer until it has something.

#include <initializer_list>
#include <memory>
#include <vector>

namespace maitred::cook {

template <typename T>
class Few {
 public:
  using value_type = T;
  using const_iterator = typename std::vector<T>::const_iterator;

  Few() = default;
  Few(std::vector<T> list) {
    if (list.empty()) return;
    list.shrink_to_fit();
    items = std::make_unique<std::vector<T>>(std::move(list));
  }
  Few(std::initializer_list<T> list) : Few(std::vector<T>(list)) {}
  Few(const Few& other) : Few(std::vector<T>(other.list())) {}
  Few(Few&&) noexcept = default;
  Few& operator=(Few&&) noexcept = default;
  Few& operator=(const Few& other) { return *this = Few(other); }

  const std::vector<T>& list() const {
    static const std::vector<T> NONE;
    return items ? *items : NONE;
  }
  operator const std::vector<T>&() const { return list(); }
  std::size_t size() const { return list().size(); }
  bool empty() const { return list().empty(); }
  const_iterator begin() const { return list().begin(); }
  const_iterator end() const { return list().end(); }
  const T& operator[](std::size_t i) const { return list()[i]; }
  void push_back(T item) { make().push_back(std::move(item)); }
  template <typename... Args>
  void emplace_back(Args&&... args) {
    make().emplace_back(std::forward<Args>(args)...);
  }
  bool operator==(const Few& other) const { return list() == other.list(); }

 private:
  std::unique_ptr<std::vector<T>> items;

  std::vector<T>& make() {
    if (!items) items = std::make_unique<std::vector<T>>();
    return *items;
  }
};

}  // namespace maitred::cook
