#pragma once
// What a unit of work sees of the store: SQL with typed parameters and columns. Store threads only;
// nothing of it may be kept after the unit has returned.

#include <kj/common.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace maitred::store {

class StoreError : public std::runtime_error {
 public:
  enum class Kind {
    sql,         // syntax, missing table, type
    constraint,  // unique, not null, check, foreign key
    unit,        // the unit threw something of its own
    fenced,
    busy,  // somebody else holds the file
    full,  // the disk, or Options.bytesMax
    io,
    readOnly,
    corrupt,  // or not a database
    newer,    // the file was written by a newer version
    foreign,  // it is a database, but not this store
    closed,
  };
  StoreError(Kind kind, const std::string& text) : std::runtime_error(text), kind(kind) {}

  Kind kind;
  // True if the store as a whole suffers, not just this unit.
  bool degraded() const {
    return kind == Kind::full || kind == Kind::io || kind == Kind::readOnly ||
           kind == Kind::corrupt;
  }
};

using Blob = std::vector<kj::byte>;

// A row of a result, valid until the next one. Columns count from 0.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement(statement) {}

  // T: bool, integers, double, std::string, Blob, std::optional of these. NULL is an error except
  // for optional; a negative number for an unsigned T, or one beyond its range, is an error too.
  template <typename T>
  T get(int column) const;

  bool isNull(int column) const;
  // Views, valid until the next row.
  std::string_view text(int column) const;
  kj::ArrayPtr<const kj::byte> blob(int column) const;

 private:
  int64_t integer(int column) const;
  double real(int column) const;
  void requirePresent(int column) const;
  [[noreturn]] void outOfRange(int column) const;
  sqlite3_stmt* statement;
};

class Connection {
 public:
  // All of these take `?1`-style parameters in order: bool, integers, double, strings, Blob,
  // kj::ArrayPtr<const byte>, nullptr, std::optional of these. Statements are prepared once and
  // kept (the 256 used last), so pass values as parameters, never in the text.

  // Returns the number of rows changed.
  template <typename... Args>
  int64_t execute(std::string_view sql, const Args&... args) {
    Running running(*this, sql);
    bindAll(running.statement, args...);
    while (running.step()) {
    }
    return changes();
  }

  // Calls each(const Row&) for every row.
  template <typename Each, typename... Args>
  void each(std::string_view sql, Each&& each, const Args&... args) {
    Running running(*this, sql);
    bindAll(running.statement, args...);
    while (running.step()) each(Row(running.statement));
  }

  template <typename... Columns, typename... Args>
  std::vector<std::tuple<Columns...>> all(std::string_view sql, const Args&... args) {
    std::vector<std::tuple<Columns...>> rows;
    each(
        sql, [&](const Row& row) { rows.push_back(tupleOf<Columns...>(row)); }, args...);
    return rows;
  }

  // The first row, if there is one.
  template <typename... Columns, typename... Args>
  std::optional<std::tuple<Columns...>> first(std::string_view sql, const Args&... args) {
    Running running(*this, sql);
    bindAll(running.statement, args...);
    if (!running.step()) return std::nullopt;
    return tupleOf<Columns...>(Row(running.statement));
  }

  // The first column of the first row, if there is one.
  template <typename T, typename... Args>
  std::optional<T> value(std::string_view sql, const Args&... args) {
    auto row = first<T>(sql, args...);
    if (!row) return std::nullopt;
    return std::get<0>(std::move(*row));
  }

  // Any number of statements without parameters or results.
  void script(const std::string& sql);

  int64_t lastRowId() const;

  struct Impl;
  explicit Connection(Impl& impl) : impl(impl) {}
  KJ_DISALLOW_COPY(Connection);

 private:
  // A prepared statement in use; reset and given back at the end.
  struct Running {
    Running(Connection& connection, std::string_view sql);
    ~Running();
    KJ_DISALLOW_COPY(Running);
    bool step();
    Connection& connection;
    std::string_view sql;  // the caller's, under which the statement is kept
    sqlite3_stmt* statement;
  };

  int64_t changes() const;
  static void bindInteger(sqlite3_stmt*, int index, int64_t value);
  static void bindReal(sqlite3_stmt*, int index, double value);
  static void bindText(sqlite3_stmt*, int index, std::string_view value);
  static void bindBlob(sqlite3_stmt*, int index, kj::ArrayPtr<const kj::byte> value);
  static void bindNull(sqlite3_stmt*, int index);
  static void requireCount(sqlite3_stmt*, int count);
  [[noreturn]] static void tooLarge(int index);

  template <typename T>
  static void bind(sqlite3_stmt* statement, int index, const T& value) {
    if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
      bindNull(statement, index);
    } else if constexpr (requires {
                           value.has_value();
                           *value;
                         }) {
      value ? bind(statement, index, *value) : bindNull(statement, index);
    } else if constexpr (std::is_floating_point_v<T>) {
      bindReal(statement, index, value);
    } else if constexpr (std::is_integral_v<T>) {
      if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
        if (value > uint64_t(INT64_MAX)) tooLarge(index);
      }
      bindInteger(statement, index, int64_t(value));
    } else if constexpr (requires { value.cStr(); }) {  // kj::StringPtr, kj::String
      bindText(statement, index, std::string_view(value.cStr(), value.size()));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      bindText(statement, index, value);
    } else {
      const kj::byte* first = value.size() == 0 ? nullptr : &*value.begin();
      bindBlob(statement, index, kj::ArrayPtr<const kj::byte>(first, value.size()));
    }
  }

  template <typename... Args>
  static void bindAll(sqlite3_stmt* statement, const Args&... args) {
    requireCount(statement, int(sizeof...(args)));
    int index = 0;
    (bind(statement, ++index, args), ...);
  }

  template <typename... Columns>
  static std::tuple<Columns...> tupleOf(const Row& row) {
    return [&]<size_t... column>(std::index_sequence<column...>) {
      return std::tuple<Columns...>{row.get<Columns>(int(column))...};
    }
    (std::index_sequence_for<Columns...>());
  }

  Impl& impl;
};

namespace detail {
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
}  // namespace detail

template <typename T>
T Row::get(int column) const {
  if constexpr (detail::IsOptional<T>::value) {
    if (isNull(column)) return std::nullopt;
    return get<typename T::value_type>(column);
  } else {
    requirePresent(column);
    if constexpr (std::is_same_v<T, bool>) {
      return integer(column) != 0;
    } else if constexpr (std::is_integral_v<T>) {
      int64_t value = integer(column);
      if constexpr (std::is_unsigned_v<T>) {
        if (value < 0) outOfRange(column);
      }
      if (int64_t(T(value)) != value) outOfRange(column);
      return T(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return T(real(column));
    } else if constexpr (std::is_same_v<T, std::string>) {
      return std::string(text(column));
    } else {
      auto bytes = blob(column);
      return T(bytes.begin(), bytes.end());
    }
  }
}

}  // namespace maitred::store
