#include "mutants.h"

#include "host/config/names.h"

#include <algorithm>
#include <limits>

namespace maitred::host::conform {

using capnp::DynamicList;
using capnp::DynamicStruct;
using Type = capnp::schema::Type;

namespace {

constexpr size_t deepest = 6;

DynamicStruct::Builder follow(DynamicStruct::Builder at, capnp::StructSchema::Field field,
                              int index) {
  if (index < 0) return at.get(field).as<DynamicStruct>();
  return at.get(field).as<DynamicList>()[index].as<DynamicStruct>();
}

// The smallest and the largest value of an integer type.
struct Limits {
  bool isSigned;
  int64_t min;
  uint64_t max;
};
Limits limitsOf(Type::Which type) {
  switch (type) {
    case Type::INT8:
      return {true, INT8_MIN, INT8_MAX};
    case Type::INT16:
      return {true, INT16_MIN, INT16_MAX};
    case Type::INT32:
      return {true, INT32_MIN, INT32_MAX};
    case Type::INT64:
      return {true, INT64_MIN, INT64_MAX};
    case Type::UINT8:
      return {false, 0, UINT8_MAX};
    case Type::UINT16:
      return {false, 0, UINT16_MAX};
    case Type::UINT32:
      return {false, 0, UINT32_MAX};
    default:
      return {false, 0, UINT64_MAX};
  }
}

}  // namespace

Mutants::Mutants(const PluginSchema& schema, DynamicStruct::Reader base, std::string scratch,
                 std::mt19937_64& random)
    : schema(schema), base(base), scratch(std::move(scratch)), random(random) {
  capnp::MallocMessageBuilder message;
  message.setRoot(base);
  walk(message.getRoot<DynamicStruct>(base.getSchema()), {}, "");
  std::shuffle(changes.begin(), changes.end(), random);
}

kj::Own<capnp::MallocMessageBuilder> Mutants::make(size_t index) const {
  auto message = kj::heap<capnp::MallocMessageBuilder>();
  message->setRoot(base);
  auto at = message->getRoot<DynamicStruct>(base.getSchema());
  for (const Step& step : changes[index].way) at = follow(at, step.field, step.index);
  changes[index].apply(at);
  return message;
}

void Mutants::add(const Place& place, const std::string& how, std::function<void(Struct)> apply) {
  changes.push_back({"`" + place.key + "` " + how, place.way, std::move(apply)});
}

template <typename T>
void Mutants::value(const Place& place, const std::string& shown, T value) {
  auto field = place.field.field;
  add(place, "is " + shown, [field, value](Struct at) { at.set(field, value); });
}

void Mutants::walk(Struct at, const std::vector<Step>& way, const std::string& prefix) {
  for (const FieldView& field : schema.view(at.getSchema()).fields) {
    Place place{way, prefix + field.key, field};
    if (!field.inUnion) {
      mutate(place, at);
      continue;
    }
    // The member that is set, and each that could be, `unspecified` included.
    add(place, "is chosen, with nothing in it", [f = field.field](Struct in) { in.clear(f); });
    KJ_IF_MAYBE (chosen, at.which()) {
      if (*chosen == field.field) mutate(place, at);
    }
  }
}

void Mutants::mutate(const Place& place, Struct at) {
  auto type = place.field.type();
  switch (type.which()) {
    case Type::VOID:
      break;
    case Type::BOOL:
      value(place, "turned round", !at.get(place.field.field).as<bool>());
      break;
    case Type::FLOAT32:
    case Type::FLOAT64:
      reals(place);
      break;
    case Type::ENUM:
      words(place);
      break;
    case Type::TEXT:
      texts(place);
      break;
    case Type::DATA:
      add(place, "is absent", [f = place.field.field](Struct in) { in.clear(f); });
      add(place, "is one byte", [f = place.field.field](Struct in) { in.init(f, 1); });
      break;
    case Type::LIST:
      lists(place, at);
      break;
    case Type::STRUCT:
      descend(place, at);
      break;
    case Type::INTERFACE:
    case Type::ANY_POINTER:
      break;
    default:
      numbers(place, type.which());
  }
}

void Mutants::numbers(const Place& place, Type::Which type) {
  auto limits = limitsOf(type);
  auto bounds = boundsOf(place.field);
  std::vector<__int128> candidates = {0, 1, limits.min, limits.max,
                                      static_cast<__int128>(random() % (limits.max / 2))};
  if (bounds) {
    candidates.push_back(bounds->min - 1);
    candidates.push_back(bounds->max + 1);
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  for (auto number : candidates) {
    if (number < limits.min || number > static_cast<__int128>(limits.max)) continue;
    if (limits.isSigned) {
      value(place, std::to_string(static_cast<int64_t>(number)), static_cast<int64_t>(number));
    } else {
      value(place, std::to_string(static_cast<uint64_t>(number)), static_cast<uint64_t>(number));
    }
  }
}

void Mutants::reals(const Place& place) {
  using Limits = std::numeric_limits<double>;
  for (double number : {0.0, -1.0, 1e300, Limits::infinity(), -Limits::infinity()}) {
    value(place, std::to_string(number), number);
  }
  value(place, "NaN", Limits::quiet_NaN());
  if (place.field.notes.max) value(place, "too large", *place.field.notes.max + 1);
}

void Mutants::words(const Place& place) {
  auto type = place.field.type().asEnum();
  for (uint16_t word : {uint16_t(0), uint16_t(1), uint16_t(65535)}) {
    add(place, "is enum value " + std::to_string(word),
        [f = place.field.field, type, word](Struct at) {
          at.set(f, capnp::DynamicEnum(type, word));
        });
  }
}

std::string Mutants::randomText(size_t length) {
  static const char* pieces[] = {"a",  "Z",  "0",  "-",  "/",  "..", ":",  " ", "\n", "\t",
                                 "\"", "'",  "%s", "{",  "}",  "é",  "漢", "\x01", "*", ";"};
  std::string text;
  while (text.size() < length) text += pieces[random() % std::size(pieces)];
  return text;
}

void Mutants::texts(const Place& place) {
  const auto& notes = place.field.notes;
  auto text = [&](const std::string& shown, std::string value) {
    add(place, shown, [f = place.field.field, value = std::move(value)](Struct at) {
      at.set(f, capnp::Text::Reader(value.c_str()));
    });
  };
  add(place, "is absent", [f = place.field.field](Struct at) { at.clear(f); });
  text("is empty", "");
  if (notes.path != config::PathBase::UNSPECIFIED || notes.secretPath) {
    // A path that is made up must not lie anywhere but in the scratch folder.
    text("is a path to nothing", scratch + "/no/such/path");
    text("is the path of a folder", scratch);
    text("is a path that cannot be made", "/proc/self/no/such/path");
  } else if (notes.storeUrl) {
    text("is the URL of a store in a missing folder", "sqlite:" + scratch + "/no/such/folder/x");
    text("is a URL of another kind", "mailto:nobody");
  } else {
    auto made = randomText(1 + random() % 40);
    text("is " + quote(made), made);
    text("is 10,000 characters long", std::string(10000, 'x'));
  }
}

void Mutants::lists(const Place& place, Struct at) {
  auto field = place.field.field;
  add(place, "is an empty list", [field](Struct in) { in.init(field, 0); });
  add(place, "is a list of one default", [field](Struct in) { in.init(field, 1); });
  add(place, "is a list of 500 defaults", [field](Struct in) { in.init(field, 500); });
  auto type = place.field.type().asList();
  if (type.whichElementType() == Type::TEXT) {
    auto made = randomText(12);
    add(place, "is a list with " + quote(made) + " twice", [field, made](Struct in) {
      auto list = in.init(field, 2).as<DynamicList>();
      for (uint i = 0; i < 2; ++i) list.set(i, capnp::Text::Reader(made.c_str()));
    });
  }
  if (type.whichElementType() != Type::STRUCT || place.way.size() >= deepest) return;
  auto list = at.get(field).as<DynamicList>();
  if (list.size() == 0) return;
  add(place, "has its first element twice", [field](Struct in) {
    auto orphan = in.disown(field);
    auto former = orphan.getReader().as<DynamicList>();
    auto twice = in.init(field, former.size() + 1).as<DynamicList>();
    for (uint i = 0; i <= former.size(); ++i) {
      twice.set(i, former[i == 0 ? 0 : i - 1]);
    }
  });
  auto way = place.way;
  way.push_back({field, 0});
  walk(list[0].as<DynamicStruct>(), way, place.key + ".0.");
}

void Mutants::descend(const Place& place, Struct at) {
  auto field = place.field.field;
  add(place, "is absent", [field](Struct in) { in.clear(field); });
  if (place.way.size() >= deepest) return;
  auto way = place.way;
  way.push_back({field, -1});
  walk(at.get(field).as<DynamicStruct>(), way, place.key + ".");
}

}  // namespace maitred::host::conform
