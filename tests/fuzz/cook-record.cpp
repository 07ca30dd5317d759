// Any values in the columns of the queue's store: a row is read, or refused with a text.
//
// Input: J or I (a job's or an instance's row), then one line a column that is not as usual: the
// column's letter (a = the first), its type (t = text, i = integer, r = real, n = null), the value.

#include <store/rows.h>

#include <sqlite3.h>

#include <cstdlib>
#include <string_view>

namespace {

using namespace maitred;

constexpr int JOB_WIDTH = 23;
constexpr int INSTANCE_WIDTH = 21;

constexpr const char ID[] = "00000000-0000-1000-0000-000000000001";

// Columns as this program writes them.
void bindUsual(sqlite3_stmt* row, bool job, int column) {
  auto text = [&](const char* value) { sqlite3_bind_text(row, column, value, -1, SQLITE_STATIC); };
  if (job) {
    if (column == 2 || column == 16) return text(ID);
    if (column == 8) return text("waiting");
    if (column == 22) return text("{}");
    if ((column >= 3 && column <= 7) || column == 17) return text("ana");
  } else {
    if (column <= 2) return text(ID);
    if (column == 4) return text("running");
    if (column == 18) return text("[]");
    if (column >= 15) return text("h");
  }
  sqlite3_bind_int(row, column, 1);
}

void bindGiven(sqlite3_stmt* row, int column, char type, std::string_view value) {
  std::string text(value);
  if (type == 'n') {
    sqlite3_bind_null(row, column);
  } else if (type == 'i') {
    sqlite3_bind_int64(row, column, std::strtoll(text.c_str(), nullptr, 10));
  } else if (type == 'r') {
    sqlite3_bind_double(row, column, std::strtod(text.c_str(), nullptr));
  } else {
    sqlite3_bind_text(row, column, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
}

sqlite3_stmt* prepare(int width) {
  static sqlite3* db = [] {
    sqlite3* fresh = nullptr;
    if (sqlite3_open(":memory:", &fresh) != SQLITE_OK) std::abort();
    return fresh;
  }();
  std::string sql = "SELECT ?1";
  for (int column = 2; column <= width; ++column) sql += ",?" + std::to_string(column);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) std::abort();
  return statement;
}

void read(sqlite3_stmt* statement, bool job) {
  store::Row row(statement);
  try {
    if (job) {
      cook::Job read = cook::readJob(row);
      if (cook::name(read.state) == nullptr) std::abort();
    } else {
      cook::readInstanceJob(row);
      cook::Instance read = cook::readInstance(row);
      if (cook::name(read.status) == nullptr) std::abort();
    }
  } catch (const std::exception& refused) {
    if (*refused.what() == '\0') std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sqlite3_stmt* const jobs = prepare(JOB_WIDTH);
  static sqlite3_stmt* const instances = prepare(INSTANCE_WIDTH);
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  bool job = input[0] == 'J';
  int width = job ? JOB_WIDTH : INSTANCE_WIDTH;
  sqlite3_stmt* row = job ? jobs : instances;
  for (int column = 1; column <= width; ++column) bindUsual(row, job, column);
  input.remove_prefix(1);
  while (!input.empty()) {
    auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    if (line.size() < 2) continue;
    int column = line[0] - 'a' + 1;
    if (column >= 1 && column <= width) bindGiven(row, column, line[1], line.substr(2));
  }
  if (sqlite3_step(row) != SQLITE_ROW) std::abort();
  read(row, job);
  sqlite3_reset(row);
  return 0;
}
