#pragma once
// Faults of a config, collected in one pass and printed in the order of their places.
//
//   maitred.yaml:31:5: error: unknown key "max_slot" in plugin "mesos"
//     31 |     max_slot: 40
//        |     ^~~~~~~~ did you mean "max_slots"? (integer, 1..100000, default 1000)
//
// Not thread-safe.

#include "source-map.h"

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace maitred::host {

enum class Severity { error, warning };

// Another place that belongs to a fault: "first set here".
struct Related {
  Location where;
  std::string message;
};

struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;  // stable name for machines, kebab-case: "unknown-key"
  Location where;
  std::string message;  // one sentence without full stop: what is wrong
  std::string hint;     // what to write instead; may be empty
  std::vector<Related> related;
};

enum class Format { text, json };

// What `maitred check` ends with.
struct ExitCode {
  static constexpr int ok = 0, warnings = 1, errors = 2, unreadable = 3;
};

class SourceTexts;

class Diagnostics {
 public:
  Diagnostics();
  ~Diagnostics();
  Diagnostics(Diagnostics&&) noexcept;
  Diagnostics& operator=(Diagnostics&&) noexcept;

  void add(Diagnostic diagnostic);
  void error(std::string code, Location where, std::string message, std::string hint = "");
  void warning(std::string code, Location where, std::string message, std::string hint = "");
  // The main file could not be opened: exit code 3.
  void markUnreadable() { unreadableFile = true; }

  // Sorted by file (in the order in which they were read), line and column; equal ones once.
  std::vector<Diagnostic> sorted() const;
  size_t errors() const;
  size_t warnings() const;
  bool ok() const { return errors() == 0 && !unreadableFile; }

  // 0 ok, 1 warnings (only with `strict`), 2 errors, 3 the file cannot be read.
  int exitCode(bool strict) const;

  // Text: each fault with the line that it is about, then a line with the counts. JSON: one object
  // {"ok", "errors", "warnings", "problems": [{"severity", "code", "file", "line", "column",
  // "path"?, "message", "hint", "related"}]}. Secrets are masked in the lines shown. Nothing at all
  // is printed as text if there is nothing to say.
  void write(std::ostream& out, Format format) const;

  // Texts of the files read, for excerpts; filled by the config reader.
  SourceTexts& texts() { return *sources; }
  const SourceTexts& texts() const { return *sources; }

 private:
  std::vector<Diagnostic> list;
  std::unique_ptr<SourceTexts> sources;
  bool unreadableFile = false;
};

}  // namespace maitred::host
