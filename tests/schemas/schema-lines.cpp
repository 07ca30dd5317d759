#include "schema-lines.h"

#include <capnp/dynamic.h>
#include <capnp/schema.h>
#include <kj/debug.h>
#include <kj/string.h>

#include <istream>
#include <ostream>
#include <set>
#include <stdexcept>

namespace maitred::schemas {

namespace {

using capnp::schema::Field;
using capnp::schema::Node;
using capnp::schema::Type;
using capnp::schema::Value;

std::string text(kj::StringTree&& tree) {
  return tree.flatten().cStr();
}

std::string idOf(uint64_t id) {
  return text(kj::strTree("0x", kj::hex(id)));
}

std::string typeText(Type::Reader type) {
  switch (type.which()) {
    case Type::LIST:
      return "List(" + typeText(type.getList().getElementType()) + ")";
    case Type::ENUM:
      return "enum " + idOf(type.getEnum().getTypeId());
    case Type::STRUCT:
      return "struct " + idOf(type.getStruct().getTypeId());
    case Type::INTERFACE:
      return "interface " + idOf(type.getInterface().getTypeId());
    case Type::ANY_POINTER:
      return "AnyPointer";
    default: {
      std::string all = kj::str(type).cStr();  // "(uint32 = void)"
      return all.substr(1, all.find(' ') - 1);
    }
  }
}

// Numbers are stored as the difference to their default, so that another default changes what is
// stored. Defaults of pointers are left out: they are long, and change nothing of the kind.
std::string defaultText(Value::Reader value) {
  switch (value.which()) {
    case Value::TEXT:
    case Value::DATA:
    case Value::LIST:
    case Value::STRUCT:
    case Value::INTERFACE:
    case Value::ANY_POINTER:
    case Value::VOID:
      return "";
    default: {
      auto all = kj::str(value);  // "(uint32 = 7)"
      std::string shown = all.cStr();
      auto equals = shown.find("= ");
      return equals == std::string::npos
                 ? ""
                 : " = " + shown.substr(equals + 2, shown.size() - equals - 3);
    }
  }
}

std::string memberText(Field::Reader field) {
  std::string value = field.getName().cStr();
  if (field.isSlot()) {
    value += " :" + typeText(field.getSlot().getType()) +
             defaultText(field.getSlot().getDefaultValue());
  } else {
    value += " :group " + idOf(field.getGroup().getTypeId());
  }
  if (field.getDiscriminantValue() != Field::NO_DISCRIMINANT) {
    value += ", member " + std::to_string(field.getDiscriminantValue()) + " of the union";
  }
  return value;
}

class Collector {
 public:
  explicit Collector(capnp::schema::CodeGeneratorRequest::Reader request) {
    for (auto file : request.getRequestedFiles()) files.insert(baseName(file.getFilename()));
    for (auto node : request.getNodes()) add(node);
  }
  Promises take() { return std::move(promises); }

 private:
  static std::string baseName(kj::StringPtr path) {
    std::string name = path.cStr();
    return name.substr(name.rfind('/') + 1);
  }

  // "dir/backend.capnp:Session.launch$Params" -> the file and the rest.
  void add(Node::Reader node) {
    std::string display = node.getDisplayName().cStr();
    auto colon = display.find(':');
    std::string file = baseName(display.substr(0, colon).c_str());
    if (files.count(file) == 0) return;
    std::string name = colon == std::string::npos ? "" : display.substr(colon + 1);
    switch (node.which()) {
      case Node::FILE:
        promises[file + " file"] = idOf(node.getId());
        break;
      case Node::STRUCT:
        addStruct(file + " struct " + idOf(node.getId()), name, node.getStruct());
        break;
      case Node::ENUM:
        addEnum(file + " enum " + idOf(node.getId()), name, node.getEnum());
        break;
      case Node::INTERFACE:
        addInterface(file + " interface " + idOf(node.getId()), name, node.getInterface());
        break;
      case Node::ANNOTATION:
        promises[file + " annotation " + idOf(node.getId())] =
            name + " :" + typeText(node.getAnnotation().getType());
        break;
      case Node::CONST:
        break;  // read when something is compiled, and never after
    }
  }

  void addStruct(const std::string& key, const std::string& name, Node::Struct::Reader type) {
    promises[key] = name;
    for (auto field : type.getFields()) {
      auto ordinal = field.getOrdinal();
      std::string member = ordinal.isExplicit() ? number(ordinal.getExplicit())
                                                : std::string("group ") + field.getName().cStr();
      promises[key + " @" + member] = memberText(field);
    }
  }

  void addEnum(const std::string& key, const std::string& name, Node::Enum::Reader type) {
    promises[key] = name;
    unsigned ordinal = 0;
    for (auto word : type.getEnumerants()) {
      promises[key + " @" + number(ordinal++)] = word.getName().cStr();
    }
  }

  void addInterface(const std::string& key, const std::string& name,
                    Node::Interface::Reader type) {
    promises[key] = name;
    unsigned ordinal = 0;
    for (auto method : type.getMethods()) {
      promises[key + " @" + number(ordinal++)] =
          std::string(method.getName().cStr()) + " (" + idOf(method.getParamStructType()) +
          ") -> (" + idOf(method.getResultStructType()) + ")";
    }
  }

  // Three digits, so that sorting by text sorts by number.
  static std::string number(unsigned ordinal) {
    std::string digits = std::to_string(ordinal);
    return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
  }

  std::set<std::string> files;
  Promises promises;
};

constexpr const char* between = " = ";

}  // namespace

Promises promisesOf(capnp::schema::CodeGeneratorRequest::Reader request) {
  return Collector(request).take();
}

void write(std::ostream& out, const Promises& promises) {
  for (const auto& [key, value] : promises) out << key << between << value << '\n';
}

Promises read(std::istream& in) {
  Promises promises;
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    auto at = line.find(between);
    if (at == std::string::npos) {
      throw std::runtime_error("line " + std::to_string(number) +
                               " is not of the form KEY = VALUE");
    }
    promises[line.substr(0, at)] = line.substr(at + std::string(between).size());
  }
  return promises;
}

}  // namespace maitred::schemas
