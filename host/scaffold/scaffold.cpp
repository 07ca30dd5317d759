#include "scaffold.h"

#include "host/base/failure.h"
#include "host/config/names.h"
#include "host/plugins/manifest-rules.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

namespace maitred::host::scaffold {

namespace fs = std::filesystem;

namespace {

// CMake has targets of these names of its own.
const std::set<std::string> takenByCMake = {"all",  "clean",   "edit-cache", "help",
                                            "test", "install", "package",    "rebuild-cache"};

std::string readFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) fail("cannot read the template ", path.c_str());
  return text.str();
}

void writeFile(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) fail("cannot write ", path.c_str());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string hexId(uint64_t id) {
  std::ostringstream out;
  out << "0x" << std::hex << id;
  return out.str();
}

// File name of the plugin -> template; a kind's own file comes before the common one.
std::map<std::string, fs::path> templatesOf(const Plan& plan) {
  std::map<std::string, fs::path> found;
  for (const char* folder : {plan.kind.c_str(), "common"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(plan.templates) / folder)) {
      auto name = entry.path().filename().string();
      constexpr std::string_view suffix = ".in";
      if (!name.ends_with(suffix)) continue;
      name = replaced(name.substr(0, name.size() - suffix.size()), "NAME", plan.name);
      found.emplace(name, entry.path());
    }
  }
  return found;
}

std::vector<std::string> fill(const Plan& plan) {
  std::vector<std::string> written;
  for (const auto& [name, source] : templatesOf(plan)) {
    auto text = readFile(source);
    text = replaced(text, "@NAME@", plan.name);
    text = replaced(text, "@CLASS@", className(plan.name));
    text = replaced(text, "@NAMESPACE@", namespaceName(plan.name));
    text = replaced(text, "@FILE_ID@", hexId(plan.fileId));
    writeFile(fs::path(plan.folder) / name, text);
    written.push_back(name);
  }
  return written;
}

}  // namespace

std::optional<std::string> nameFault(const std::string& name) {
  const char* form = "a name is 1 to 63 characters of a-z, 0-9 and single dashes, a letter first, "
                     "e.g. my-queue";
  if (!isPluginName(name.c_str()) || name.back() == '-' || name.find("--") != std::string::npos) {
    return quote(name) + " is no name for a plugin: " + form;
  }
  if (takenByCMake.count(name) != 0) {
    return quote(name) + " is a target of CMake's own: take another name";
  }
  return std::nullopt;
}

std::string className(const std::string& name) {
  std::string words;
  bool up = true;
  for (char c : name) {
    if (c == '-') {
      up = true;
      continue;
    }
    words += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    up = false;
  }
  return words;
}

std::string namespaceName(const std::string& name) {
  return replaced(name, "-", "_") + "_plugin";
}

uint64_t freshFileId() {
  std::random_device device;
  return (uint64_t{device()} << 32 | device()) | 1ull << 63;
}

std::vector<std::string> kinds(const std::string& templates) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(templates, error)) {
    auto name = entry.path().filename().string();
    if (entry.is_directory() && name != "common") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> write(const Plan& plan) {
  std::error_code error;
  fs::path folder = plan.folder;
  if (fs::exists(fs::symlink_status(folder, error))) {
    fail(plan.folder.c_str(), " is there already; take another name or another --dir");
  }
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
  if (!fs::create_directory(folder, error)) {
    fail("cannot make the folder ", plan.folder.c_str(), ": ", error.message().c_str());
  }
  try {
    return fill(plan);
  } catch (...) {
    fs::remove_all(folder, error);
    throw;
  }
}

}  // namespace maitred::host::scaffold
