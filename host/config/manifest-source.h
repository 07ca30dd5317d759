#pragma once
// Where the config reader gets a plugin's manifest from, without running any of its code.
//
// The reader knows nothing of ELF files and search paths: host/plugins implements this over the
// notes of shared objects, tests over messages that they built.

#include <maitred/schema/manifest.capnp.h>

#include <kj/string.h>

#include <string>
#include <vector>

namespace maitred::host {

class ManifestSource {
 public:
  virtual ~ManifestSource() noexcept(false) = default;

  // Folders of the config file's `host.plugin_path`, absolute, in order. Called once a load, before
  // find().
  virtual void searchIn(const std::vector<std::string>& folders) { (void)folders; }

  // The manifest of a library. `libraryText` is what stands under `library:`; a text with a slash
  // has been made absolute against the folder of its file. Null where there is none or it is
  // refused; `whereLooked` then says in one phrase why, as the end of a sentence ("not found in /a,
  // /b", "/a/x.so: has no note"). The reader stays valid while the source lives. Not to throw for a
  // bad library.
  virtual kj::Maybe<manifest::Embedded::Reader> find(kj::StringPtr libraryText,
                                                     kj::String& whereLooked) = 0;
};

}  // namespace maitred::host
