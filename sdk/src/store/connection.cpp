#include "database.h"

#include <sqlite3.h>

namespace maitred::store {
namespace {

std::string_view sqlOf(sqlite3_stmt* statement) {
  return sqlite3_sql(statement);
}

void check(sqlite3_stmt* statement, int code) {
  if (code == SQLITE_OK) return;
  throw errorOf(sqlite3_db_handle(statement), code, std::string(sqlOf(statement).substr(0, 200)));
}

[[noreturn]] void columnFault(sqlite3_stmt* statement, int column, const std::string& what) {
  auto* name = sqlite3_column_name(statement, column);
  throw StoreError(StoreError::Kind::sql, "column " + std::to_string(column) + " (" +
                                              (name == nullptr ? "there is none" : name) + ") " +
                                              what + ": " +
                                              std::string(sqlOf(statement).substr(0, 200)));
}

}  // namespace

bool Row::isNull(int column) const {
  return sqlite3_column_type(statement, column) == SQLITE_NULL;
}

void Row::requirePresent(int column) const {
  if (column >= sqlite3_column_count(statement)) columnFault(statement, column, "does not exist");
  if (isNull(column)) columnFault(statement, column, "is NULL; read it as std::optional");
}

int64_t Row::integer(int column) const {
  if (sqlite3_column_type(statement, column) != SQLITE_INTEGER)
    columnFault(statement, column, "is no integer");
  return sqlite3_column_int64(statement, column);
}

double Row::real(int column) const {
  return sqlite3_column_double(statement, column);
}

void Row::outOfRange(int column) const {
  columnFault(statement, column, "is out of the type's range");
}

std::string_view Row::text(int column) const {
  auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? std::string_view()
                         : std::string_view(text, sqlite3_column_bytes(statement, column));
}

kj::ArrayPtr<const kj::byte> Row::blob(int column) const {
  auto* bytes = static_cast<const kj::byte*>(sqlite3_column_blob(statement, column));
  return kj::arrayPtr(bytes, bytes == nullptr ? 0 : sqlite3_column_bytes(statement, column));
}

Connection::Running::Running(Connection& connection, std::string_view sql)
    : connection(connection), sql(sql), statement(connection.impl.take(sql)) {}

Connection::Running::~Running() {
  connection.impl.giveBack(sql, statement);
}

bool Connection::Running::step() {
  int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  throw errorOf(connection.impl.db, code, std::string(sqlOf(statement).substr(0, 200)));
}

void Connection::script(const std::string& sql) {
  impl.run(sql.c_str());
}

int64_t Connection::lastRowId() const {
  return sqlite3_last_insert_rowid(impl.db);
}

int64_t Connection::changes() const {
  return sqlite3_changes64(impl.db);
}

void Connection::requireCount(sqlite3_stmt* statement, int count) {
  int wanted = sqlite3_bind_parameter_count(statement);
  if (wanted == count) return;
  throw StoreError(StoreError::Kind::sql,
                   "the statement has " + std::to_string(wanted) + " parameters, " +
                       std::to_string(count) +
                       " were given: " + std::string(sqlOf(statement).substr(0, 200)));
}

void Connection::tooLarge(int index) {
  throw StoreError(StoreError::Kind::sql,
                   "parameter " + std::to_string(index) + " is above 2^63 - 1");
}

void Connection::bindInteger(sqlite3_stmt* s, int index, int64_t value) {
  check(s, sqlite3_bind_int64(s, index, value));
}

void Connection::bindReal(sqlite3_stmt* s, int index, double value) {
  check(s, sqlite3_bind_double(s, index, value));
}

// The caller's values outlive the statement's run, so that nothing is copied.
void Connection::bindText(sqlite3_stmt* s, int index, std::string_view value) {
  auto* text = value.data() == nullptr ? "" : value.data();
  check(s, sqlite3_bind_text64(s, index, text, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Connection::bindBlob(sqlite3_stmt* s, int index, kj::ArrayPtr<const kj::byte> value) {
  check(s, value.size() == 0
               ? sqlite3_bind_zeroblob(s, index, 0)
               : sqlite3_bind_blob64(s, index, value.begin(), value.size(), SQLITE_STATIC));
}

void Connection::bindNull(sqlite3_stmt* s, int index) {
  check(s, sqlite3_bind_null(s, index));
}

}  // namespace maitred::store
