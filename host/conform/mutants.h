#pragma once
// Mutants: configs that differ from a good one in one key, most of them in a way that the schema
// forbids. The host's own reader would refuse many; a plugin must bear them all the same, since
// what the reader checks grows and shrinks with the versions of host and schema. Pure.

#include "host/config/schema-view.h"

#include <capnp/dynamic.h>
#include <capnp/message.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

namespace maitred::host::conform {

class Mutants {
 public:
  // Of `base`, a struct of the schema's config type. Paths that are made up lie below `scratch`.
  // Both references must outlive the object. The order is a matter of the generator.
  Mutants(const PluginSchema& schema, capnp::DynamicStruct::Reader base, std::string scratch,
          std::mt19937_64& random);

  size_t size() const { return changes.size(); }
  // "`limits.body` is 18446744073709551615"
  const std::string& what(size_t index) const { return changes[index].what; }
  // The config itself, in a message of its own.
  kj::Own<capnp::MallocMessageBuilder> make(size_t index) const;

 private:
  using Struct = capnp::DynamicStruct::Builder;
  using Field = capnp::StructSchema::Field;
  // Where a struct lies: fields from the root, and the index of an element behind a list's.
  struct Step {
    Field field;
    int index = -1;
  };
  struct Change {
    std::string what;
    std::vector<Step> way;
    std::function<void(Struct)> apply;
  };
  struct Place {
    std::vector<Step> way;
    std::string key;  // "limits.body"
    const FieldView& field;
  };

  void walk(Struct at, const std::vector<Step>& way, const std::string& prefix);
  void mutate(const Place& place, Struct at);
  void numbers(const Place& place, capnp::schema::Type::Which type);
  void reals(const Place& place);
  void words(const Place& place);
  void texts(const Place& place);
  void lists(const Place& place, Struct at);
  void descend(const Place& place, Struct at);
  void add(const Place& place, const std::string& how, std::function<void(Struct)> apply);
  template <typename T>
  void value(const Place& place, const std::string& shown, T value);
  std::string randomText(size_t length);

  const PluginSchema& schema;
  capnp::DynamicStruct::Reader base;
  std::string scratch;
  std::mt19937_64& random;
  std::vector<Change> changes;
};

}  // namespace maitred::host::conform
