// Documentation of one key in the terminal; see tools.h.

#include "names.h"
#include "quantity.h"
#include "schema-view.h"
#include "tools.h"

#include <ostream>

namespace maitred::host {

namespace {

// Lines of at most 96 characters, each after four spaces.
void writeParagraph(std::ostream& out, const std::string& text) {
  std::string line;
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find(' ', start), text.size());
    std::string word = text.substr(start, end - start);
    start = end + 1;
    if (!line.empty() && line.size() + 1 + word.size() > 92) {
      out << "    " << line << '\n';
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  if (!line.empty()) out << "    " << line << '\n';
}

class Explainer {
 public:
  Explainer(std::ostream& out, const std::string& key, const LoadedConfig* config)
      : out(out), key(key), parts(splitKey(key)), config(config) {}

  bool run() {
    const PluginSchema* schema = &hostSchema();
    const StructView* view = &schema->view(schema->configType());
    const FieldView* field = nullptr;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (view == nullptr) return unknown(i, {});
      const FieldView* next = view->find(parts[i]);
      if (next == nullptr && field != nullptr && field->type().isList()) {
        select(*field, parts[i]);  // an element: its name or position
        continue;
      }
      if (next == nullptr) return unknown(i, view->keys());
      field = next;
      view = viewOf(*schema, *field);
      if (!field->type().isAnyPointer()) continue;
      if (instance == nullptr || instance->schema == nullptr || !instance->schema->hasConfig())
        return noPlugin(i);
      schema = instance->schema.get();
      view = &schema->view(schema->configType());
    }
    if (field == nullptr) return unknown(parts.size() - 1, view->keys());
    write(*schema, *field, view);
    return true;
  }

 private:
  void select(const FieldView& list, const std::string& part) {
    if (config != nullptr && list.key == "plugins") instance = config->instance(part);
  }

  static const StructView* viewOf(const PluginSchema& schema, const FieldView& field) {
    capnp::Type type = field.type();
    while (type.isList()) type = type.asList().getElementType();
    return type.isStruct() ? &schema.view(type.asStruct()) : nullptr;
  }

  bool unknown(size_t position, const std::vector<std::string>& keys) {
    auto near = nearest(parts[position], keys);
    out << "there is no key " << quote(parts[position]) << " in " << quote(key) << '\n';
    if (near) out << "    did you mean " << quote(*near) << "?\n";
    if (!keys.empty()) writeParagraph(out, "known here: " + quoteAll(keys));
    return false;
  }

  bool noPlugin(size_t position) {
    if (position + 1 == parts.size() && instance == nullptr) {
      out << key << "\n    section of the plugin's own\n\n";
      writeParagraph(out,
                     "Name an instance to see its keys: plugins.INSTANCE.config, or see `maitred "
                     "config-docs`.");
      return true;
    }
    out << "the config of " << quote(key)
        << " is known only with its plugin: give plugins.INSTANCE.config.KEY and a "
        << "config file that names the instance's library\n";
    return false;
  }

  void write(const PluginSchema& schema, const FieldView& field, const StructView* view) {
    out << key << "\n    " << describeField(schema, field) << "\n\n";
    writeParagraph(out, field.doc);
    if (std::string units = suffixesOf(field.notes.unit); !units.empty())
      out << "    units: " << units << '\n';
    if (field.notes.pattern) out << "    form: " << *field.notes.pattern << '\n';
    if (field.notes.deprecated) out << "    deprecated: " << *field.notes.deprecated << '\n';
    if (field.notes.example)
      out << "    example: " << field.key << ": " << *field.notes.example << '\n';
    if (field.type().isEnum()) {
      for (const EnumValue& value : schema.values(field.type().asEnum())) {
        if (!value.doc.empty()) out << "    " << value.key << ": " << value.doc << '\n';
      }
    }
    if (view != nullptr) {
      out << "    keys:\n";
      for (const FieldView& member : view->fields) {
        if (member.writable)
          out << "      " << member.key << " (" << describeField(schema, member) << ")\n";
      }
    }
    if (config == nullptr) return;
    if (auto entry = config->sources().find(parts); entry != nullptr) {
      const Location& where = entry->key.file.empty() ? entry->value : entry->key;
      out << "    set at " << where.file;
      if (where.line != 0) out << ':' << where.line << ':' << where.column;
      out << '\n';
    }
  }

  std::ostream& out;
  const std::string& key;
  std::vector<std::string> parts;
  const LoadedConfig* config;
  const Instance* instance = nullptr;
};

}  // namespace

bool checkExplain(std::ostream& out, const std::string& key, const LoadedConfig* config) {
  return Explainer(out, key, config).run();
}

}  // namespace maitred::host
