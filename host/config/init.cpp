// `maitred init`; see tools.h.

#include "quantity.h"
#include "schema-view.h"
#include "tools.h"

#include <ostream>

namespace maitred::host {

namespace {

struct Planned {
  const char* name;
  const char* library;
  const char* why;
};
constexpr Planned planned[] = {
    {"local", "maitred-local", "Runs tasks as processes of this machine."},
    {"cook", "maitred-cook", "The batch queue, with Cook's REST interface."},
};

class FirstConfigWriter {
 public:
  FirstConfigWriter(std::ostream& out, ManifestSource* manifests) : out(out) {
    for (size_t i = 0; i < std::size(planned); ++i) {
      kj::String looked;
      if (manifests == nullptr) continue;
      KJ_IF_MAYBE (found, manifests->find(planned[i].library, looked)) known[i] = *found;
    }
  }

  void run() {
    const PluginSchema& schema = hostSchema();
    const StructView& file = schema.view(schema.configType());
    out << "# maitred.yaml: the core process and its plugins.\n#\n"
           "# Lines behind a # show what else can be set, with its default or an example. Check "
           "the file with\n"
           "#   maitred check maitred.yaml\n"
           "# and ask for any key with\n"
           "#   maitred check --explain host.drain_timeout maitred.yaml\n\n";
    comment(file.find("host")->doc, 0);
    out << "host:\n";
    members(schema, schema.view(file.find("host")->type().asStruct()), 2);
    out << '\n';
    comment(file.find("plugins")->doc, 0);
    out << "plugins:\n";
    for (size_t i = 0; i < std::size(planned); ++i) plugin(i);
  }

 private:
  void comment(const std::string& text, size_t indent) {
    std::string line;
    for (size_t start = 0; start < text.size();) {
      size_t end = std::min(text.find(' ', start), text.size());
      std::string word = text.substr(start, end - start);
      start = end + 1;
      if (indent + line.size() + word.size() > 96) {
        out << std::string(indent, ' ') << "# " << line << '\n';
        line.clear();
      }
      line += (line.empty() ? "" : " ") + word;
    }
    if (!line.empty()) out << std::string(indent, ' ') << "# " << line << '\n';
  }

  // Keys that must be given stand as they are, the others behind a comment sign.
  void members(const PluginSchema& schema, const StructView& view, size_t indent) {
    for (const FieldView& field : view.fields) {
      if (!field.writable || field.notes.deprecated || field.inUnion) continue;
      std::string value = sample(schema, field);
      std::string section =
          value.empty() && field.type().isStruct() ? commentedSection(schema, field, indent) : "";
      if (value.empty() && section.empty() && !field.notes.required) continue;
      comment(field.doc, indent);
      if (!section.empty()) {
        out << section;
      } else {
        out << std::string(indent, ' ') << (field.notes.required ? "" : "# ") << field.key << ": "
            << value << '\n';
      }
    }
  }

  // A required key needs a value that is likely to be meant; for the others the default says most.
  static std::string sample(const PluginSchema& schema, const FieldView& field) {
    auto preset = describeDefault(schema, field);
    if (preset && !field.notes.required) return *preset;
    return field.notes.example.value_or(preset.value_or(""));
  }

  static std::string commentedSection(const PluginSchema& schema, const FieldView& field,
                                      size_t indent) {
    std::string lines;
    for (const FieldView& member : schema.view(field.type().asStruct()).fields) {
      if (!member.writable || member.notes.deprecated || member.inUnion) continue;
      std::string value = sample(schema, member);
      if (!value.empty())
        lines += std::string(indent, ' ') + "#   " + member.key + ": " + value + "\n";
    }
    return lines.empty() ? "" : std::string(indent, ' ') + "# " + field.key + ":\n" + lines;
  }

  void plugin(size_t index) {
    const Planned& plan = planned[index];
    out << "  # " << plan.why << "\n  - name: " << plan.name << "\n    library: " << plan.library
        << '\n';
    KJ_IF_MAYBE (embedded, known[index]) {
      uses(index, embedded->getManifest());
      listeners(embedded->getManifest());
      config(*embedded);
    } else if (index == 1) {
      out << "    uses: { backends: [local] }\n    listen: { rest: 127.0.0.1:12321 }\n";
    }
  }

  // Each requirement that another planned plugin meets.
  void uses(size_t index, manifest::Manifest::Reader manifest) {
    std::string entries;
    for (auto requirement : manifest.getRequires()) {
      for (size_t other = 0; other < std::size(planned); ++other) {
        if (other == index || !provides(other, requirement)) continue;
        entries += std::string(entries.empty() ? "" : ", ") + requirement.getName().cStr() + ": [" +
                   planned[other].name + "]";
        break;
      }
    }
    if (!entries.empty()) out << "    uses: { " << entries << " }\n";
  }

  bool provides(size_t index, manifest::Requirement::Reader wanted) const {
    KJ_IF_MAYBE (embedded, known[index]) {
      for (auto interface : embedded->getManifest().getProvides()) {
        if (interface.getTypeId() == wanted.getInterface().getTypeId()) return true;
      }
    }
    return false;
  }

  void listeners(manifest::Manifest::Reader manifest) {
    if (manifest.getListeners().size() == 0) return;
    out << "    listen:\n";
    for (auto listener : manifest.getListeners()) {
      comment(listener.getDescription().cStr(), 6);
      std::string address =
          listener.getDefault().size() > 0 ? listener.getDefault().cStr() : "127.0.0.1:0";
      out << "      " << listener.getName().cStr() << ": " << address << '\n';
    }
  }

  void config(manifest::Embedded::Reader embedded) {
    if (embedded.getConfigType() == 0) return;
    PluginSchema schema(embedded);
    out << "    config:\n";
    members(schema, schema.view(schema.configType()), 6);
  }

  std::ostream& out;
  kj::Maybe<manifest::Embedded::Reader> known[std::size(planned)];
};

}  // namespace

void writeInitialConfig(std::ostream& out, ManifestSource* manifests) {
  FirstConfigWriter(out, manifests).run();
}

}  // namespace maitred::host
