#include "accounts.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace maitred::local {

namespace {

std::optional<UserAccount> fill(const passwd* entry) {
  if (entry == nullptr) return std::nullopt;
  UserAccount account{entry->pw_name, entry->pw_dir, entry->pw_uid, entry->pw_gid, {}};
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  while (getgrouplist(entry->pw_name, entry->pw_gid, groups.data(), &count) < 0 &&
         size_t(count) > groups.size()) {
    groups.resize(size_t(count));
  }
  account.groups.assign(groups.begin(), groups.begin() + count);
  return account;
}

AccountChoice refuse(std::string why) {
  AccountChoice choice;
  choice.refusal = std::move(why);
  return choice;
}

}  // namespace

std::optional<UserAccount> findAccount(const std::string& name) {
  passwd entry, *found = nullptr;
  std::vector<char> buffer(16384);
  getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return fill(found);
}

std::optional<UserAccount> findAccount(uint32_t uid) {
  passwd entry, *found = nullptr;
  std::vector<char> buffer(16384);
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return fill(found);
}

AccountChoice chooseAccount(const RunAs& rule, const std::string& submitter, uint32_t hostUid,
                            const AccountLookup& lookup) {
  auto kind = rule.kind;
  if (kind == RunAs::Kind::automatic) {
    kind = hostUid == 0 ? RunAs::Kind::submitter : RunAs::Kind::host;
  }
  AccountChoice choice;
  if (kind == RunAs::Kind::host) {
    choice.account = lookup.byUid(hostUid).value_or(
        UserAccount{std::to_string(hostUid), "", hostUid, uint32_t(getgid()), {}});
  } else {
    std::string name = kind == RunAs::Kind::fixed ? rule.fixed : submitter;
    auto found = lookup.byName(name);
    if (!found && kind == RunAs::Kind::submitter && !rule.unknownUser.empty()) {
      name = rule.unknownUser;
      found = lookup.byName(name);
    }
    if (!found) {
      return refuse("there is no account '" + name + "' on this machine; make one, or set "
                    "unknown_user to an account for such tasks");
    }
    choice.account = *found;
    choice.change = found->uid != hostUid;
    if (choice.change && hostUid != 0) {
      return refuse("the host does not run as root and cannot become '" + name +
                    "'; set run_as: host");
    }
  }
  if (choice.account.uid == 0 && !rule.allowRoot) {
    return refuse("the task would run as root; set run_as to another account, or allow_root: true");
  }
  return choice;
}

}  // namespace maitred::local
