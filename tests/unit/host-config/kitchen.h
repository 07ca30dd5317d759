#pragma once
// A source of manifests for the imaginary plugins of kitchen.capnp.

#include "host/config/config.h"

#include <fcntl.h>
#include <unistd.h>

#include <capnp/message.h>
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>

namespace maitred::host {

class KitchenSource final : public ManifestSource {
 public:
  KitchenSource() {
    int fd = ::open(KITCHEN_SCHEMA_FILE, O_RDONLY | O_CLOEXEC);
    KJ_REQUIRE(fd >= 0, "the compiled test schema is missing");
    request = std::make_unique<capnp::StreamFdMessageReader>(kj::AutoCloseFd(fd));
    addLocal();
    addKitchen();
    add("maitred-bare");
    addConfig(add("maitred-cellar"), "Cellar");
    add("maitred-broken").setConfigType(0x1234567812345678);
  }

  void searchIn(const std::vector<std::string>& folders) override { searched = folders; }

  kj::Maybe<manifest::Embedded::Reader> find(kj::StringPtr library,
                                             kj::String& whereLooked) override {
    auto found = plugins.find(library.cStr());
    if (found != plugins.end()) return found->second->getRoot<manifest::Embedded>().asReader();
    whereLooked = kj::str("not found in /opt/maitred");
    return nullptr;
  }

  std::vector<manifest::Embedded::Reader> all() {
    std::vector<manifest::Embedded::Reader> list;
    for (auto& [name, message] : plugins) {
      if (name != "maitred-broken")
        list.push_back(message->getRoot<manifest::Embedded>().asReader());
    }
    return list;
  }

  std::vector<std::string> searched;

 private:
  manifest::Embedded::Builder add(const char* name) {
    auto& message = plugins[name];
    message = std::make_unique<capnp::MallocMessageBuilder>();
    auto embedded = message->initRoot<manifest::Embedded>();
    embedded.setAbiVersion(1);
    embedded.getManifest().setName(name);
    embedded.getManifest().setVersion("1.0.0");
    embedded.getManifest().setDescription("A plugin that exists only in tests.");
    return embedded;
  }

  void addConfig(manifest::Embedded::Builder embedded, kj::StringPtr structName) {
    auto code = request->getRoot<capnp::schema::CodeGeneratorRequest>();
    embedded.setNodes(code.getNodes());
    embedded.setSources(code.getSourceInfo());
    for (auto node : code.getNodes()) {
      if (node.isFile()) continue;
      auto shortName = node.getDisplayName().slice(node.getDisplayNamePrefixLength());
      if (node.isStruct() && shortName == structName) embedded.setConfigType(node.getId());
    }
    KJ_REQUIRE(embedded.getConfigType() != 0, "no such struct", structName);
  }

  void addLocal() {
    auto manifest = add("maitred-local").getManifest();
    manifest.initProvides(1).setWithCaveats(0, *manifest::BACKEND);
  }

  void addKitchen() {
    auto embedded = add("maitred-kitchen");
    addConfig(embedded, "Kitchen");
    auto manifest = embedded.getManifest();
    manifest.initProvides(1).setWithCaveats(0, *manifest::QUEUE);
    auto needs = manifest.initRequires(2);
    needs[0].setName("backends");
    needs[0].setInterface(*manifest::BACKEND);
    needs[0].setMultiplicity(manifest::Multiplicity::SOME);
    needs[1].setName("leadership");
    needs[1].setInterface(*manifest::LEADERSHIP);
    needs[1].setMultiplicity(manifest::Multiplicity::OPTIONAL);
    auto listeners = manifest.initListeners(2);
    listeners[0].setName("rest");
    listeners[0].setRequired(true);
    listeners[1].setName("debug");
    listeners[1].setDefault("127.0.0.1:0");
  }

  std::unique_ptr<capnp::StreamFdMessageReader> request;
  std::map<std::string, std::unique_ptr<capnp::MallocMessageBuilder>> plugins;
};

}  // namespace maitred::host
