#pragma once
// A folder of its own for a test, and the files in it.

#include <maitred/testing/harness.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace maitred::host::test {

class TempFolder {
 public:
  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name, std::ios::binary) << text;
    return *this / name;
  }

  maitred::testing::TemporaryDirectory directory;
  // Without links, as the host shows it.
  std::string path = std::filesystem::canonical(directory.path()).string();
};

}  // namespace maitred::host::test
