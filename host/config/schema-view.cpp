#include "schema-view.h"

#include "names.h"

#include <host/schema/host.capnp.h>

#include <maitred/schema/absent.capnp.h>

#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>
#include <kj/debug.h>

#include <algorithm>

extern "C" const capnp::word maitred_host_schema_begin[], maitred_host_schema_end[];

namespace maitred::host {

namespace {

// Ids of the annotations, as `capnp compile -ocapnp config.capnp` prints them: C++ gets none
// generated.
enum AnnotationId : uint64_t {
  UNIT = 0xc2593924d8f34767,
  RANGE = 0xfe9889b7f68a72b9,
  REQUIRED = 0x8c6569754a7bfae9,
  NON_EMPTY = 0x9cade0b8b324c9b0,
  PATTERN = 0x9e6e434e7103d18e,
  PATH = 0xb2ccd4e847467117,
  STORE_URL = 0xa00d2db0fa95afa4,
  SECRET = 0xf39ad09cbd463458,
  SECRET_PATH = 0xc4c621844d4dde62,
  MAP_KEY = 0xd2a582b9caeecdfb,
  MAP_VALUE = 0x921b4e823ab3373b,
  ONE_OR_MANY = 0xd528f87e98238eae,
  EXAMPLE = 0xca21d43a3466275d,
  DEPRECATED = 0x8e89214ef944598b,
  ABSENT = 0xb1a6d2c0f47e5581,  // of absent.capnp
};

Annotations readAnnotations(capnp::List<capnp::schema::Annotation>::Reader list) {
  Annotations notes;
  for (auto annotation : list) {
    auto value = annotation.getValue();
    auto text = [&] {
      return value.isText() ? std::string(value.getText().cStr()) : std::string();
    };
    switch (annotation.getId()) {
      case UNIT:
        notes.unit = static_cast<config::Unit>(value.getEnum());
        break;
      case PATH:
        notes.path = static_cast<config::PathBase>(value.getEnum());
        break;
      case RANGE: {
        auto range = value.getStruct().getAs<config::Range>();
        if (range.getMin() > -1.7e308) notes.min = range.getMin();
        if (range.getMax() < 1.7e308) notes.max = range.getMax();
        break;
      }
      case REQUIRED:
        notes.required = true;
        break;
      case NON_EMPTY:
        notes.nonEmpty = true;
        break;
      case STORE_URL:
        notes.storeUrl = true;
        break;
      case SECRET:
        notes.secret = true;
        break;
      case SECRET_PATH:
        notes.secretPath = true;
        break;
      case ONE_OR_MANY:
        notes.oneOrMany = true;
        break;
      case PATTERN:
        notes.pattern = text();
        break;
      case MAP_KEY:
        notes.mapKey = text();
        break;
      case MAP_VALUE:
        notes.mapValue = text();
        break;
      case EXAMPLE:
        notes.example = text();
        break;
      case DEPRECATED:
        notes.deprecated = text();
        break;
      default:
        break;  // somebody else's
    }
  }
  return notes;
}

std::map<std::string, std::string> readAbsent(capnp::List<capnp::schema::Annotation>::Reader list) {
  std::map<std::string, std::string> absent;
  for (auto annotation : list) {
    if (annotation.getId() != ABSENT) continue;
    auto value = annotation.getValue();
    for (auto one : value.getList().getAs<capnp::List<config::AbsentKey>>()) {
      for (auto key : one.getKeys()) absent.emplace(key.cStr(), one.getWhy().cStr());
    }
  }
  return absent;
}

// Lines of a comment joined to one paragraph.
std::string tidy(kj::StringPtr comment) {
  std::string text;
  for (char c : comment) text += c == '\n' ? ' ' : c;
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

bool isPlaceholder(kj::StringPtr name) {
  return name == "unspecified" || name == "unknown";
}

bool holdsCapability(capnp::Type type) {
  while (type.isList()) type = type.asList().getElementType();
  return type.isInterface();
}

}  // namespace

const FieldView* StructView::find(std::string_view key) const {
  auto found = std::find_if(fields.begin(), fields.end(),
                            [&](const FieldView& f) { return f.writable && f.key == key; });
  return found == fields.end() ? nullptr : &*found;
}

const FieldView* StructView::findField(std::string_view fieldName) const {
  auto found = std::find_if(fields.begin(), fields.end(), [&](const FieldView& f) {
    return fieldName == f.field.getProto().getName().cStr();
  });
  return found == fields.end() ? nullptr : &*found;
}

std::vector<std::string> StructView::keys() const {
  std::vector<std::string> result;
  for (const FieldView& field : fields) {
    if (field.writable) result.push_back(field.key);
  }
  return result;
}

std::vector<std::string> StructView::unionKeys() const {
  std::vector<std::string> result;
  for (const FieldView& field : fields) {
    if (field.writable && field.inUnion) result.push_back(field.key);
  }
  return result;
}

const std::string* StructView::whyAbsent(std::string key) const {
  std::replace(key.begin(), key.end(), '-', '_');
  if (key.ends_with('?')) key.pop_back();
  auto found = absent.find(key);
  return found == absent.end() ? nullptr : &found->second;
}

PluginSchema::PluginSchema(manifest::Embedded::Reader embedded) {
  copy.setRoot(embedded);
  load();
}

PluginSchema::PluginSchema(kj::ArrayPtr<const capnp::word> compilerRequest, uint64_t rootType) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 64 << 20;
  capnp::FlatArrayMessageReader reader(compilerRequest, options);
  auto request = reader.getRoot<capnp::schema::CodeGeneratorRequest>();
  auto embedded = copy.initRoot<manifest::Embedded>();
  embedded.setNodes(request.getNodes());
  embedded.setSources(request.getSourceInfo());
  embedded.setConfigType(rootType);
  load();
}

void PluginSchema::load() {
  for (auto node : embedded().getNodes()) {
    if (!node.isFile()) loader.load(node);
  }
  for (auto source : embedded().getSources()) sources.emplace(source.getId(), source);
  if (hasConfig()) {
    KJ_IF_MAYBE (type, loader.tryGet(embedded().getConfigType())) {
      KJ_REQUIRE(type->getProto().isStruct(), "the type of the config is no struct");
    } else {
      KJ_FAIL_REQUIRE("the type of the config is not among the schema nodes");
    }
  }
}

capnp::StructSchema PluginSchema::configType() const {
  return loader.get(embedded().getConfigType()).asStruct();
}

std::string PluginSchema::docOf(uint64_t id, std::optional<uint> member) const {
  auto found = sources.find(id);
  if (found == sources.end()) return "";
  if (!member) return tidy(found->second.getDocComment());
  auto members = found->second.getMembers();
  return *member < members.size() ? tidy(members[*member].getDocComment()) : "";
}

const StructView& PluginSchema::view(capnp::StructSchema type) const {
  uint64_t id = type.getProto().getId();
  auto& view = views[id];
  if (view != nullptr) return *view;
  view = std::make_unique<StructView>();
  view->schema = type;
  view->doc = docOf(id, std::nullopt);
  view->absent = readAbsent(type.getProto().getAnnotations());
  for (auto field : type.getFields()) {
    auto proto = field.getProto();
    FieldView entry;
    entry.field = field;
    entry.key = toKey(proto.getName().cStr());
    entry.notes = readAnnotations(proto.getAnnotations());
    entry.doc = docOf(id, field.getIndex());
    entry.inUnion = proto.getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT;
    entry.writable =
        !holdsCapability(field.getType()) && !(entry.inUnion && isPlaceholder(proto.getName()));
    if (entry.inUnion) view->hasUnion = true;
    view->fields.push_back(std::move(entry));
  }
  std::stable_sort(view->fields.begin(), view->fields.end(),
                   [](const FieldView& a, const FieldView& b) {
                     return a.field.getProto().getCodeOrder() < b.field.getProto().getCodeOrder();
                   });
  return *view;
}

std::vector<EnumValue> PluginSchema::values(capnp::EnumSchema type) const {
  std::vector<EnumValue> result;
  for (auto enumerant : type.getEnumerants()) {
    auto name = enumerant.getProto().getName();
    if (isPlaceholder(name)) continue;
    result.push_back({toKey(name.cStr()), enumerant.getOrdinal(),
                      docOf(type.getProto().getId(), enumerant.getIndex())});
  }
  return result;
}

const PluginSchema& hostSchema() {
  thread_local const PluginSchema schema(
      kj::arrayPtr(maitred_host_schema_begin, maitred_host_schema_end - maitred_host_schema_begin),
      capnp::typeId<settings::File>());
  return schema;
}

const FieldView* mapValueField(const FieldView& list, const StructView& element) {
  if (list.notes.mapValue) return element.findField(*list.notes.mapValue);
  const FieldView* only = nullptr;
  for (const FieldView& field : element.fields) {
    if (!field.writable || field.field.getProto().getName() == list.notes.mapKey->c_str()) continue;
    if (only != nullptr) return nullptr;
    only = &field;
  }
  return only;
}

}  // namespace maitred::host
