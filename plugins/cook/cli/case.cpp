// maitred cook case show: what a case file has recorded.
#include "command.h"

#include <case/show.h>

#include <iostream>

namespace maitred::cook::cli {
namespace {

// False: the file is damaged, which was said.
bool showFile(const std::string& path, bool asJson) {
  try {
    CaseReader reader(path, readCaseFile(path));
    CaseText text;
    while (reader.next()) {
      reader.with([&](casefile::Record::Reader record) {
        if (asJson) {
          std::cout << caseJson(record, reader.texts()).dump(-1, ' ', false,
                                                             json::error_handler_t::replace)
                    << "\n";
        } else {
          std::cout << text.of(record, reader.texts()) << "\n";
        }
      });
    }
    if (reader.torn() != 0) {
      std::cerr << path << ": the last " << reader.torn()
                << " bytes are no whole record, as after a crash\n";
    }
    return true;
  } catch (const CaseDamage& damage) {
    std::cout << std::flush;
    std::cerr << "maitred cook case: " << damage.what() << "\n";
    return false;
  }
}

}  // namespace

int caseFile(CommandLine line) {
  Options options("case", "show PATH…",
                  "Prints the records of case files, or of all in a folder: what each scheduling "
                  "cycle of a queue decided, and by what. With --json one object a line, with the "
                  "names of docs/internals/case-file.md.",
                  false);
  if (!options.parse(line)) return 0;
  auto words = options.words();
  if (words.size() < 2 || words[0] != "show") {
    throw Failure(Exit::usage, "say what to do: maitred cook case show PATH…");
  }
  bool good = true;
  for (std::size_t i = 1; i < words.size(); ++i) {
    try {
      for (const std::string& path : caseFilesAt(words[i])) {
        good = showFile(path, options.json()) && good;
      }
    } catch (const CaseDamage& damage) {
      throw Failure(Exit::no, damage.what());
    }
  }
  return static_cast<int>(good ? Exit::done : Exit::no);
}

}  // namespace maitred::cook::cli
