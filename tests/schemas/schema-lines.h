#pragma once
// A compact text of schemas, for comparing what they promise: one line for each thing that a peer,
// a stored message or an operator's file may rely on.
//
//   "backend.capnp struct 0xf1… Batch"            what it is, its id, its name
//   "backend.capnp struct 0xf1… @2" "phase :enum 0x8a…"   a member by its ordinal, and its type

#include <capnp/schema.capnp.h>

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace maitred::schemas {

// What must not change: by what a thing is known, and what is promised of it.
using Promises = std::map<std::string, std::string>;

// Those of the files that were asked for in the compiler's request (`capnp compile -o-`).
Promises promisesOf(capnp::schema::CodeGeneratorRequest::Reader request);

// One line each, "KEY = VALUE", sorted by key.
void write(std::ostream& out, const Promises& promises);
// Reads that again; throws std::runtime_error with the number of a line that is none.
Promises read(std::istream& in);

}  // namespace maitred::schemas
