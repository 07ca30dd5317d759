#pragma once
// The folder in which a task runs, and what lies in it before the start. Called in the shim, which
// still has the host's rights: nothing is ever written through a link that a user could have made.

#include "record.capnp.h"

#include <kj/io.h>

#include <string>

namespace maitred::local {

// Descriptors of <work folder>, of the task's own folder and of the sandbox.
struct Folders {
  kj::AutoCloseFd work;
  kj::AutoCloseFd task;
  kj::AutoCloseFd sandbox;
  std::string sandboxPath;  // absolute
};

// Makes the task's folder below the work folder. Throws StartFailure(sandboxFailed).
Folders makeTaskFolder(Launch::Reader launch);
// Makes the sandbox in it, with the spec's files. Throws StartFailure(sandboxFailed).
void makeSandbox(Launch::Reader launch, Folders& folders);

// Creates or appends to a file of that name in the sandbox, owned by the task's account.
kj::AutoCloseFd openOutput(Launch::Reader launch, const Folders& folders, const char* name);

// Becomes the account for good: groups, gid, uid, in this order. False with errno set.
bool becomeAccount(Account::Reader account);

}  // namespace maitred::local
