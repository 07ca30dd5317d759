#pragma once
// The tables of docs/operate/access.md, as the walk reads them.

#include <string>
#include <vector>

namespace maitred::e2e {

struct AccessRow {
  std::string section;   // the heading above it
  std::string what;      // "GET /jobs", "maitred ctl status"
  std::string who;       // everybody, user, owner, admin, account
};

// Every row whose first column is code. Throws for a row without its three columns.
std::vector<AccessRow> readAccessTable(const std::string& path);

}  // namespace maitred::e2e
