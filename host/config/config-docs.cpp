// Markdown reference; see tools.h.

#include "quantity.h"
#include "schema-view.h"
#include "tools.h"

#include <ostream>
#include <set>

namespace maitred::host {

namespace {

// Text inside a table cell.
std::string cell(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

class Markdown {
 public:
  Markdown(std::ostream& out, const PluginSchema& schema) : out(out), schema(schema) {}

  // A table of the keys, then one section for each that has keys itself.
  void section(const std::string& title, const StructView& view, const std::string& doc) {
    if (!title.empty()) out << "\n## `" << title << "`\n";
    if (!doc.empty()) out << '\n' << doc << '\n';
    if (view.hasUnion) out << "\nOne of `" << choices(view) << "` can be chosen.\n";
    out << "\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n";
    for (const FieldView& field : view.fields) {
      if (field.writable) row(field);
    }
    open.insert(view.schema.getProto().getId());
    for (const FieldView& field : view.fields) {
      if (field.writable) inner(title, field);
    }
    open.erase(view.schema.getProto().getId());
  }

 private:
  static std::string choices(const StructView& view) {
    std::string list;
    for (const std::string& key : view.unionKeys()) list += (list.empty() ? "" : "`, `") + key;
    return list;
  }

  void row(const FieldView& field) {
    std::string type = describeType(schema, field);
    if (std::string range = describeRange(field); !range.empty()) type += ", " + range;
    std::string preset = describeDefault(schema, field).value_or("");
    std::string meaning = field.doc;
    if (field.notes.required) meaning += " Required.";
    if (field.notes.secret) meaning += " Secret: write `file:PATH` or `${NAME}`.";
    if (field.notes.deprecated) meaning += " Deprecated: " + *field.notes.deprecated;
    if (field.notes.example) meaning += " Example: `" + *field.notes.example + "`.";
    out << "| `" << field.key << "` | " << cell(type) << " | "
        << (preset.empty() ? "" : "`" + cell(preset) + "`") << " | " << cell(meaning) << " |\n";
  }

  void inner(const std::string& title, const FieldView& field) {
    capnp::Type type = field.type();
    bool list = false;
    for (; type.isList(); list = true) type = type.asList().getElementType();
    if (!type.isStruct()) return;
    const StructView& view = schema.view(type.asStruct());
    if (open.count(view.schema.getProto().getId()) != 0) return;  // described above
    std::string name = (title.empty() ? "" : title + ".") + field.key + (list ? "[]" : "");
    std::string doc = view.doc.empty() ? field.doc : view.doc;
    if (field.notes.mapKey) {
      doc +=
          " Written as a mapping, each key is the `" + toKeyName(view, *field.notes.mapKey) + "`.";
    }
    section(name, view, doc);
  }

  static std::string toKeyName(const StructView& view, const std::string& fieldName) {
    const FieldView* field = view.findField(fieldName);
    return field == nullptr ? fieldName : field->key;
  }

  std::ostream& out;
  const PluginSchema& schema;
  std::set<uint64_t> open;
};

void writeSpelling(std::ostream& out) {
  out << "\nDurations take the units " << suffixesOf(Unit::MILLISECONDS) << "; sizes "
      << suffixesOf(Unit::BYTES)
      << ". Values may contain `${NAME}` and `${NAME:-default}` for variables of the environment "
         "(`$$` is one dollar),\n"
         "or be `file:PATH` for the content of a file.\n";
}

}  // namespace

void writeHostDocs(std::ostream& out) {
  const PluginSchema& schema = hostSchema();
  const StructView& view = schema.view(schema.configType());
  out << "# maitred.yaml\n";
  writeSpelling(out);
  Markdown(out, schema).section("", view, "");
}

void writePluginDocs(std::ostream& out, manifest::Embedded::Reader plugin) {
  auto manifest = plugin.getManifest();
  out << "# " << manifest.getName().cStr() << ' ' << manifest.getVersion().cStr() << "\n\n"
      << manifest.getDescription().cStr() << '\n';
  if (manifest.getRequires().size() > 0) out << "\nRequirements (`uses:`):\n\n";
  for (auto requirement : manifest.getRequires()) {
    out << "- `" << requirement.getName().cStr()
        << "`: " << requirement.getInterface().getName().cStr();
    if (requirement.getDescription().size() > 0) out << ", " << requirement.getDescription().cStr();
    out << '\n';
  }
  if (manifest.getListeners().size() > 0) out << "\nListeners (`listen:`):\n\n";
  for (auto listener : manifest.getListeners()) {
    out << "- `" << listener.getName().cStr() << "`";
    if (listener.getDefault().size() > 0)
      out << ", default `" << listener.getDefault().cStr() << "`";
    if (listener.getDescription().size() > 0) out << ": " << listener.getDescription().cStr();
    out << '\n';
  }
  if (plugin.getConfigType() == 0) {
    out << "\nIt takes no config.\n";
    return;
  }
  PluginSchema schema(plugin);
  const StructView& view = schema.view(schema.configType());
  writeSpelling(out);
  Markdown(out, schema).section("config", view, view.doc);
}

}  // namespace maitred::host
