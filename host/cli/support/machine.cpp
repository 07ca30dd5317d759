#include "machine.h"

#include "host/cli/command.h"
#include "host/cli/table.h"
#include "host/cli/version.h"

#include <maitred/abi.h>
#include <maitred/fingerprint.h>

#include <nlohmann/json.hpp>

#include <capnp/common.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace maitred::host::cli {

namespace fs = std::filesystem;

namespace {

constexpr size_t listedMax = 500;

std::string firstLines(const char* file, size_t lines) {
  std::ifstream in(file);
  std::string out, line;
  while (lines-- > 0 && std::getline(in, line)) out += line + "\n";
  return out;
}

std::string distribution() {
  std::ifstream in("/etc/os-release");
  for (std::string line; std::getline(in, line);) {
    constexpr std::string_view key = "PRETTY_NAME=\"";
    if (line.starts_with(key)) return line.substr(key.size(), line.size() - key.size() - 1);
  }
  return "unknown";
}

std::string limitOf(int resource) {
  rlimit limit{};
  getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  return limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur);
}

std::string spaceFor(const std::string& folder) {
  struct statvfs space {};
  if (statvfs(folder.c_str(), &space) != 0) return folder + ": " + strerror(errno);
  return folder + ": " + byteSize(space.f_bavail * space.f_frsize) + " of " +
         byteSize(space.f_blocks * space.f_frsize) + " free, " + std::to_string(space.f_favail) +
         " of " + std::to_string(space.f_files) + " inodes free";
}

std::string lineOf(const fs::path& path, const std::string& shown) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return "";
  std::ostringstream out;
  out << std::oct << (info.st_mode & 07777) << std::dec << "  " << info.st_uid << ":" << info.st_gid
      << "  " << info.st_size << "  " << wallTime(info.st_mtime * 1'000'000'000LL) << "  " << shown
      << (S_ISDIR(info.st_mode) ? "/" : "") << "\n";
  return out.str();
}

}  // namespace

std::string describeVersions() {
  utsname kernel{};
  uname(&kernel);
  nlohmann::ordered_json json = {
      {"maitred", hostVersion()},
      {"abi_version", MAITRED_ABI_VERSION},
      {"fingerprint", MAITRED_KJ_FINGERPRINT},
      {"capnp_version", CAPNP_VERSION},
      {"system", distribution()},
      {"kernel", std::string(kernel.sysname) + " " + kernel.release + " " + kernel.version},
      {"machine", kernel.machine}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string describeMachine(const std::string& folder) {
  std::ostringstream out;
  out << "processors: " << std::thread::hardware_concurrency() << "\n"
      << firstLines("/proc/meminfo", 3) << "load: " << firstLines("/proc/loadavg", 1)
      << "up: " << firstLines("/proc/uptime", 1) << spaceFor(folder) << "\n"
      << "open files at most: " << limitOf(RLIMIT_NOFILE) << "\n"
      << "processes at most: " << limitOf(RLIMIT_NPROC) << "\n"
      << "systemd: " << (fs::exists("/run/systemd/system") ? "yes" : "no") << "\n";
  return out.str();
}

std::string librariesOf(pid_t process) {
  auto file = "/proc/" + std::to_string(process) + "/maps";
  std::ifstream in(file);
  std::set<std::string> found;
  for (std::string line; std::getline(in, line);) {
    auto slash = line.find('/');
    if (slash != std::string::npos && line.find(" r-xp ") != std::string::npos) {
      found.insert(line.substr(slash));
    }
  }
  if (found.empty()) throw Failure{file + " cannot be read"};
  std::string out;
  for (const auto& path : found) out += path + "\n";
  return out;
}

std::string listFolder(const std::string& folder) {
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  if (error) throw Failure{folder + ": " + error.message()};
  std::string out = lineOf(folder, folder);
  size_t count = 0;
  for (; at != fs::recursive_directory_iterator() && !error; at.increment(error)) {
    if (at.depth() >= 1) at.disable_recursion_pending();
    if (++count > listedMax) {
      out += "… and more\n";
      break;
    }
    out += lineOf(at->path(), fs::path(at->path()).lexically_relative(folder).string());
  }
  return out;
}

std::string endOf(const std::string& file, size_t most) {
  int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw Failure{file + ": " + strerror(errno)};
  struct stat info {};
  std::string text;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    auto start = std::max<off_t>(0, info.st_size - static_cast<off_t>(most));
    text.resize(static_cast<size_t>(info.st_size - start));
    auto got = pread(fd, text.data(), text.size(), start);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  }
  close(fd);
  return text;
}

}  // namespace maitred::host::cli
