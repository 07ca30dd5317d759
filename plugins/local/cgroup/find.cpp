#include "cgroup.h"

#include "shim/posix.h"

#include <cerrno>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

namespace {

struct Mount {
  std::string point, root, type, options;
};

std::vector<Mount> cgroupMounts(const std::string& process) {
  std::vector<Mount> mounts;
  std::istringstream text(readSmallFile(AT_FDCWD, (process + "/mountinfo").c_str()).value_or(""));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string id, parent, device, skip, source;
    Mount mount;
    words >> id >> parent >> device >> mount.root >> mount.point;
    while (words >> skip && skip != "-") {
    }
    words >> mount.type >> source >> mount.options;
    if (mount.type == "cgroup" || mount.type == "cgroup2") mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool has(const std::string& list, const std::string& word, char separator) {
  std::istringstream words(list);
  for (std::string one; std::getline(words, one, separator);) {
    if (one == word) return true;
  }
  return false;
}

// Our own group within a hierarchy: of a controller, or of version 2 if it is empty.
std::string ownGroup(const std::string& process, const std::string& controller) {
  std::istringstream text(readSmallFile(AT_FDCWD, (process + "/cgroup").c_str()).value_or(""));
  for (std::string line; std::getline(text, line);) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : has(controllers, controller, ',')) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

// From our own group up to the mount's root: the first place where the group can be made.
std::vector<std::string> candidates(const Mount& mount, const std::string& own) {
  std::string below = own;
  if (mount.root != "/" && below.compare(0, mount.root.size(), mount.root) == 0) {
    below = below.substr(mount.root.size());
  }
  std::vector<std::string> out;
  while (!below.empty() && below != "/") {
    out.push_back(mount.point + below);
    below.resize(below.rfind('/'));
  }
  out.push_back(mount.point);
  return out;
}

bool make(const std::string& folder) {
  return (mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) &&
         access((folder + "/cgroup.procs").c_str(), W_OK) == 0;
}

std::string findV1(const std::string& process, const std::string& controller,
                   const std::string& name) {
  for (auto& mount : cgroupMounts(process)) {
    if (mount.type != "cgroup" || !has(mount.options, controller, ',')) continue;
    for (auto& place : candidates(mount, ownGroup(process, controller))) {
      if (make(place + "/" + name)) return place + "/" + name;
    }
  }
  return {};
}

std::string trim(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string findV2(const std::string& process, const std::string& name) {
  for (auto& mount : cgroupMounts(process)) {
    if (mount.type != "cgroup2") continue;
    for (auto& place : candidates(mount, ownGroup(process, ""))) {
      auto controllers =
          trim(readSmallFile(AT_FDCWD, (place + "/cgroup.controllers").c_str()).value_or(""));
      if (!has(controllers, "memory", ' ') || !has(controllers, "cpu", ' ')) continue;
      // A group that holds processes may not hand controllers on; then the one above may.
      if (!writeControl(place + "/cgroup.subtree_control", "+memory +cpu")) continue;
      std::string group = place + "/" + name;
      if (make(group) && writeControl(group + "/cgroup.subtree_control", "+memory +cpu"))
        return group;
    }
  }
  return {};
}

}  // namespace

CgroupPlace findCgroups(LimitKind want, const std::string& name, const std::string& process) {
  if (want != LimitKind::v1) {
    std::string place = findV2(process, name);
    if (!place.empty()) return {LimitKind::v2, place, place, "control groups v2 at " + place};
  }
  if (want != LimitKind::v2) {
    std::string memory = findV1(process, "memory", name);
    if (!memory.empty()) {
      std::string cpu = findV1(process, "cpu", name);
      return {LimitKind::v1, memory, cpu, "control groups v1 at " + memory};
    }
  }
  return {LimitKind::watch, "", "",
          "no control group may be written to: memory is limited by watching, cpu is not"};
}

}  // namespace maitred::local
