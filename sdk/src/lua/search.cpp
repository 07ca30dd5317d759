#include <maitred/lua/search.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace maitred::lua {

namespace {

// Absolute, without symbolic links; "" if there is no such file.
std::string resolved(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.c_str(), buffer) == nullptr ? "" : buffer;
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + (folder.back() == '/' ? "" : "/") + name;
}

std::string looked(const std::vector<std::string>& places) {
  std::string text;
  for (const auto& place : places) text += (text.empty() ? "" : ", ") + place;
  return text.empty() ? "nowhere, since the policy path is empty" : text;
}

}  // namespace

Search::Found Search::policy(const std::string& name) const {
  if (name.empty() || name.find('\0') != name.npos)
    return {"", "the policy's file name is empty or invalid"};
  std::vector<std::string> places;
  if (name[0] == '/') {
    places.push_back(name);
  } else {
    for (const auto& folder : path) places.push_back(joined(folder, name));
    places.push_back(joined(baseDir, name));
  }
  for (const auto& place : places) {
    std::string found = resolved(place);
    if (!found.empty()) return {found, ""};
  }
  return {"", "policy file \"" + name + "\" not found; looked for " + looked(places)};
}

Search::Found findModule(const std::vector<std::string>& roots, const std::string& given) {
  std::string file, name = given;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return c < 32; }, '?');  // for messages
  bool empty = true;  // the part between two dots
  for (char c : name) {
    bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    if (!letter && (c != '.' || empty)) {
      return {"", "require(\"" + name +
                      "\"): a module's name has letters, digits, - and _, "
                      "and dots between folders"};
    }
    empty = c == '.';
    file += c == '.' ? '/' : c;
  }
  if (empty)
    return {"", "require(\"" + name + "\"): the module's name ends with a dot or is empty"};
  file += ".lua";
  std::vector<std::string> places;
  for (const auto& root : roots) {
    places.push_back(joined(root, file));
    std::string found = resolved(places.back());
    if (found.empty()) continue;
    std::string top = resolved(root.empty() ? "." : root);
    if (top != "/") top += '/';
    if (!found.starts_with(top)) {
      return {"", "require(\"" + name + "\"): " + places.back() +
                      " leads out of the policy path, to " + found};
    }
    return {found, ""};
  }
  return {"", "require(\"" + name + "\"): no such module; looked for " + looked(places)};
}

bool readText(const std::string& path, std::size_t limit, std::string& text, std::string& error) {
  // Without blocking: a pipe would wait for its writer.
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    error = path + ": " + std::strerror(errno);
    return false;
  }
  struct stat info {};
  bool good = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  if (!good) error = path + ": no regular file";
  text.clear();
  char buffer[16384];
  while (good) {
    ssize_t got = read(file, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = path + ": " + std::strerror(errno);
    good = got >= 0;
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > limit) {
      error = path + ": more than " + std::to_string(limit >> 10) + " KiB, too large for a policy";
      good = false;
    }
  }
  close(file);
  return good;
}

}  // namespace maitred::lua
