// Compares today's schemas with the recorded ones, or records what is new:
//   schema-baseline check|update baseline.txt REQUEST…
// REQUEST is what `capnp compile -o-` wrote. `check` ends with 1 if something promised is not kept;
// `update` then changes nothing.
#include "growth.h"

#include <capnp/serialize.h>
#include <kj/debug.h>
#include <kj/io.h>

#include <fstream>
#include <iostream>

#include <fcntl.h>

namespace maitred::schemas {
namespace {

Promises promisesIn(const char* file) {
  kj::AutoCloseFd fd(open(file, O_RDONLY | O_CLOEXEC));
  KJ_REQUIRE(fd.get() >= 0, "cannot read the compiler's request", file);
  capnp::StreamFdMessageReader message(kj::mv(fd), {256 << 20, 128});
  return promisesOf(message.getRoot<capnp::schema::CodeGeneratorRequest>());
}

int run(const std::string& command, const std::string& file, int requests, char** names) {
  Promises today, baseline;
  for (int i = 0; i < requests; ++i) today.merge(promisesIn(names[i]));
  std::ifstream in(file);
  if (in) baseline = read(in);
  auto result = compare(baseline, today);
  for (const auto& line : result.broken) std::cerr << "error: " << line << "\n";
  if (!result.broken.empty()) {
    std::cerr << "docs/plugins/compatibility.md says what may change, and how a promise is taken "
                 "back on purpose\n";
    return 1;
  }
  if (command == "check") {
    for (const auto& line : result.grown) std::cout << "new: " << line << "\n";
    std::cout << "schemas: " << baseline.size() << " promises kept, " << result.grown.size()
              << " new";
    if (!result.grown.empty()) std::cout << "; record them: target update-schema-baseline";
    std::cout << "\n";
    return 0;
  }
  std::ofstream out(file);
  write(out, today);
  out.close();
  std::cout << "schemas: " << result.grown.size() << " recorded in " << file << "\n";
  return out ? 0 : 1;
}

}  // namespace
}  // namespace maitred::schemas

int main(int argc, char** argv) {
  std::string command = argc > 1 ? argv[1] : "";
  if (argc < 4 || (command != "check" && command != "update")) {
    std::cerr << "usage: schema-baseline check|update BASELINE REQUEST…\n";
    return 64;
  }
  try {
    return maitred::schemas::run(command, argv[2], argc - 3, argv + 3);
  } catch (const kj::Exception& fault) {
    std::cerr << "schema-baseline: " << fault.getDescription().cStr() << "\n";
  } catch (const std::exception& fault) {
    std::cerr << "schema-baseline: " << fault.what() << "\n";
  }
  return 1;
}
