#pragma once
// The files API by HTTP, in the form that Cook's clients use: GET /files/browse, /files/read and
// /files/download, each also with `.json` behind it. `path` is absolute, the sandbox's path or
// something below it.

#include <maitred/http/router.h>

#include <memory>
#include <string>

namespace maitred::local {

struct FilesRule {
  std::string workFolder;
  uint64_t readMax = 25'000'000;
  bool authenticate =
      false;  // as Cook's clients need it: everybody who reaches the listener may read
};

// The rule is read anew for each request, on the loop of the router's server.
void addFilesRoutes(http::Router& router, std::shared_ptr<const FilesRule> rule);

// Splits an absolute path into a task's sandbox and what lies below it. False if it is in no
// sandbox.
bool splitSandboxPath(const std::string& workFolder, const std::string& path, std::string& sandbox,
                      std::string& below);

// http[s]://<host>:<port>/files/read.json?path=<encoded sandbox>
std::string sandboxUrl(bool secure, const std::string& host, uint16_t port,
                       const std::string& sandbox);

}  // namespace maitred::local
