// maitred-note: turns what `capnp compile -o-` prints for a plugin's schema into the contents of
// its ELF note.
//
//   capnp compile -o- plugin.capnp | maitred-note CONFIG_STRUCT OUTPUT.S
//
// Writes OUTPUT.S, an assembler file with one note (name "maitred", type 1) that holds a flat
// manifest::Embedded message. Run at build time by maitred_add_plugin(). CONFIG_STRUCT may be
// "none".
#include <maitred/abi.h>
#include <maitred/schema/manifest.capnp.h>
#include <maitred/schema/plugin.capnp.h>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>
#include <kj/debug.h>
#include <kj/io.h>
#include <kj/main.h>

#include <cstdio>
#include <set>

#include <fcntl.h>
#include <unistd.h>

namespace maitred {
namespace {

using Node = capnp::schema::Node;
using Request = capnp::schema::CodeGeneratorRequest;

kj::StringPtr shortName(Node::Reader node) {
  return node.getDisplayName().slice(node.getDisplayNamePrefixLength());
}

// Collects the ids of everything that a node refers to, transitively.
class Closure {
 public:
  explicit Closure(Request::Reader request) {
    for (auto node : request.getNodes()) nodes.emplace(node.getId(), node);
  }

  void add(uint64_t id) {
    auto found = nodes.find(id);
    if (found == nodes.end() || !ids.insert(id).second) return;
    auto node = found->second;
    annotations(node.getAnnotations());
    if (node.isEnum()) {
      for (auto enumerant : node.getEnum().getEnumerants()) annotations(enumerant.getAnnotations());
    }
    if (!node.isStruct()) return;
    for (auto field : node.getStruct().getFields()) {
      annotations(field.getAnnotations());
      if (field.isGroup()) {
        add(field.getGroup().getTypeId());
      } else {
        type(field.getSlot().getType());
      }
    }
  }

  const std::set<uint64_t>& all() const { return ids; }
  Node::Reader get(uint64_t id) const { return nodes.at(id); }

 private:
  void type(capnp::schema::Type::Reader t) {
    if (t.isStruct()) add(t.getStruct().getTypeId());
    if (t.isEnum()) add(t.getEnum().getTypeId());
    if (t.isList()) type(t.getList().getElementType());
  }
  void annotations(capnp::List<capnp::schema::Annotation>::Reader list) {
    for (auto annotation : list) {
      if (!ids.count(annotation.getId()) && nodes.count(annotation.getId())) {
        ids.insert(annotation.getId());
        type(nodes.at(annotation.getId()).getAnnotation().getType());
      }
    }
  }

  std::map<uint64_t, Node::Reader> nodes;
  std::set<uint64_t> ids;
};

class NoteMain {
 public:
  explicit NoteMain(kj::ProcessContext& context) : context(context) {}

  kj::MainFunc getMain() {
    return kj::MainBuilder(context, "maitred-note",
                           "Makes the ELF note of a plugin from its schema.")
        .expectArg("<config struct or none>", KJ_BIND_METHOD(*this, setConfig))
        .expectArg("<output.S>", KJ_BIND_METHOD(*this, setOutput))
        .callAfterParsing(KJ_BIND_METHOD(*this, run))
        .build();
  }

 private:
  kj::MainBuilder::Validity setConfig(kj::StringPtr name) {
    config = kj::heapString(name);
    return true;
  }
  kj::MainBuilder::Validity setOutput(kj::StringPtr path) {
    output = kj::heapString(path);
    return true;
  }

  kj::MainBuilder::Validity run() {
    capnp::StreamFdMessageReader message(STDIN_FILENO, {256 * 1024 * 1024, 128});
    auto request = message.getRoot<Request>();
    if (request.getRequestedFiles().size() != 1) return kj::str("expected one schema file");
    auto file = request.getRequestedFiles()[0].getId();

    kj::Maybe<Node::Reader> manifest;
    kj::Maybe<Node::Reader> configNode;
    for (auto node : request.getNodes()) {
      if (node.getScopeId() != file) continue;
      if (node.isConst() && shortName(node) == "manifest") manifest = node;
      if (node.isStruct() && shortName(node) == config) configNode = node;
    }

    capnp::MallocMessageBuilder out;
    auto embedded = out.initRoot<manifest::Embedded>();
    KJ_IF_MAYBE (node, manifest) {
      embedded.setManifest(node->getConst().getValue().getStruct().getAs<manifest::Manifest>());
    } else {
      return kj::str("the schema declares no `const manifest :Manifest.Manifest = (…)`");
    }
    embedded.setAbiVersion(MAITRED_ABI_VERSION);
    embedded.setPluginInterface(capnp::typeId<plugin::Plugin>());
    KJ_IF_MAYBE (node, configNode) {
      addConfig(request, *node, embedded);
    } else if (config != "none") {
      return kj::str("the schema has no struct named ", config);
    }
    write(capnp::messageToFlatArray(out).asBytes());
    return true;
  }

  void addConfig(Request::Reader request, Node::Reader root, manifest::Embedded::Builder embedded) {
    Closure closure(request);
    closure.add(root.getId());
    embedded.setConfigType(root.getId());
    auto nodes = embedded.initNodes(closure.all().size());
    uint i = 0;
    for (auto id : closure.all()) nodes.setWithCaveats(i++, closure.get(id));

    kj::Vector<Node::SourceInfo::Reader> comments;
    for (auto info : request.getSourceInfo()) {
      if (closure.all().count(info.getId())) comments.add(info);
    }
    auto sources = embedded.initSources(comments.size());
    for (uint k = 0; k < comments.size(); ++k) sources.setWithCaveats(k, comments[k]);
  }

  void write(kj::ArrayPtr<const kj::byte> bytes) {
    std::string text =
        ".section .note.maitred.manifest,\"a\",@note\n.balign 4\n.long 8\n.long 2f - 1f\n.long 1\n"
        ".asciz \"maitred\"\n1:\n";
    for (size_t i = 0; i < bytes.size(); ++i) {
      text += (i % 32 == 0 ? (i == 0 ? ".byte " : "\n.byte ") : ",") + std::to_string(bytes[i]);
    }
    text += "\n2: .balign 4\n.section .note.GNU-stack,\"\",@progbits\n";
    kj::AutoCloseFd fd(open(output.cStr(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    KJ_REQUIRE(fd.get() >= 0, "cannot write the note", output);
    kj::FdOutputStream(fd.get()).write(text.data(), text.size());
  }

  kj::ProcessContext& context;
  kj::String config;
  kj::String output;
};

}  // namespace
}  // namespace maitred

KJ_MAIN(maitred::NoteMain)
