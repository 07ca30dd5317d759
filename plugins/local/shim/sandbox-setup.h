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
  kj::AutoCloseFd out, err;  // its files stdout and stderr
};

// Makes the task's folder below the work folder. Throws StartFailure(sandboxFailed).
Folders makeTaskFolder(Launch::Reader launch);
// Makes the sandbox in it, with the spec's files and those for the output. It is the account's only
// once all of them are there. Throws StartFailure(sandboxFailed).
void makeSandbox(Launch::Reader launch, Folders& folders);

// To be called when others have been at work in the sandbox: what was fetched may have put another
// file in the place of stdout or stderr, which is then written to if it is the account's own.
// Throws StartFailure(sandboxFailed).
void lookAtOutputs(Launch::Reader launch, Folders& folders);

// Becomes the account for good: groups, gid, uid, in this order. False with errno set.
bool becomeAccount(Account::Reader account);

}  // namespace maitred::local
