#pragma once
// Accounts of this machine, and the rule which of them runs a task.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace maitred::local {

struct UserAccount {
  std::string name;
  std::string home;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<uint32_t> groups;
};

// Asks the machine's name service, which may block: not on a loop thread.
std::optional<UserAccount> findAccount(const std::string& name);
std::optional<UserAccount> findAccount(uint32_t uid);

struct RunAs {
  enum class Kind { automatic, submitter, fixed, host };
  Kind kind = Kind::automatic;
  std::string fixed;        // kind fixed
  std::string unknownUser;  // instead of a submitter without an account; empty: refuse
  bool allowRoot = false;
};

// The outcome for one submitter: an account, or why not.
struct AccountChoice {
  bool change = false;  // false: the task runs as what the host is
  UserAccount account;
  std::string refusal;  // not empty: the task may not run
};

// Decides for a submitter. `hostUid` is what we run as. Pure but for the look-ups, which are handed
// in.
struct AccountLookup {
  virtual ~AccountLookup() = default;
  virtual std::optional<UserAccount> byName(const std::string& name) const {
    return findAccount(name);
  }
  virtual std::optional<UserAccount> byUid(uint32_t uid) const { return findAccount(uid); }
};
AccountChoice chooseAccount(const RunAs& rule, const std::string& submitter, uint32_t hostUid,
                            const AccountLookup& lookup);

}  // namespace maitred::local
