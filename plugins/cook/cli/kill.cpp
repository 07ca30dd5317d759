// maitred cook kill.
#include "command.h"

#include <iostream>

namespace maitred::cook::cli {

int kill(CommandLine line) {
  Options options("kill", "UUID…",
                  "Ends jobs: waiting ones at once, running ones after their grace period.");
  if (!options.parse(line)) return 0;
  auto uuids = uuidsFrom(options);
  auto api = options.connect();
  api.kill(uuids);
  if (options.json()) {
    std::cout << json({{"killed", uuids}}).dump(2) << "\n";
  } else {
    for (auto& uuid : uuids) std::cout << "killed " << uuid << "\n";
  }
  return 0;
}

}  // namespace maitred::cook::cli
