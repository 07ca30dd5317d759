#include "diagnostics.h"

#include "names.h"
#include "source-texts.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>
#include <tuple>

namespace maitred::host {

namespace {

// A file with more faults than this is not the file that was meant.
constexpr size_t mostProblems = 500;
constexpr size_t longestExcerpt = 200;

std::string_view nameOf(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

void writePlace(std::ostream& out, const Location& where) {
  if (where.file.empty()) {
    out << "maitred";
  } else {
    out << where.file;
    if (where.line != 0) out << ':' << where.line << ':' << where.column;
  }
  out << ": ";
}

// The line with a mark below; `note` stands behind the mark.
void writeExcerpt(std::ostream& out, const SourceTexts& texts, Location where,
                  const std::string& note) {
  auto line =
      where.line == 0 ? std::nullopt : texts.shownLine(where.file, where.line, where.column);
  if (!line || line->size() > longestExcerpt || where.column > longestExcerpt) {
    if (!note.empty()) out << "     = " << note << '\n';
    return;
  }
  for (char& c : *line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  std::string number = std::to_string(where.line);
  out << std::string(number.size() < 5 ? 5 - number.size() : 0, ' ') << number << " | " << *line
      << '\n';
  size_t columns = countCharacters(*line);
  size_t from = where.column - 1;
  size_t length = from < columns ? std::min<size_t>(where.length, columns - from) : 1;
  out << std::string(std::max<size_t>(number.size(), 5), ' ') << " | " << std::string(from, ' ')
      << '^' << std::string(length > 1 ? length - 1 : 0, '~');
  if (!note.empty()) out << ' ' << note;
  out << '\n';
}

nlohmann::ordered_json placeAsJson(const Location& where) {
  nlohmann::ordered_json json;
  json["file"] = where.file;
  json["line"] = where.line;
  json["column"] = where.column;
  return json;
}

std::string counted(size_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

}  // namespace

Diagnostics::Diagnostics() : sources(std::make_unique<SourceTexts>()) {}
Diagnostics::~Diagnostics() = default;
Diagnostics::Diagnostics(Diagnostics&&) noexcept = default;
Diagnostics& Diagnostics::operator=(Diagnostics&&) noexcept = default;

void Diagnostics::add(Diagnostic diagnostic) {
  if (list.size() > mostProblems) return;
  if (list.size() == mostProblems) {
    Location whole{diagnostic.where.file, 0, 0, 1};
    list.push_back(
        {Severity::error,
         "too-many-problems",
         whole,
         "more than " + std::to_string(mostProblems) + " problems; the rest is not shown",
         "",
         {}});
    return;
  }
  list.push_back(std::move(diagnostic));
}

void Diagnostics::error(std::string code, Location where, std::string message, std::string hint) {
  add({Severity::error,
       std::move(code),
       std::move(where),
       std::move(message),
       std::move(hint),
       {}});
}

void Diagnostics::warning(std::string code, Location where, std::string message, std::string hint) {
  add({Severity::warning,
       std::move(code),
       std::move(where),
       std::move(message),
       std::move(hint),
       {}});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> result = list;
  auto place = [&](const Diagnostic& d) {
    return std::make_tuple(sources->order(d.where.file), d.where.line, d.where.column);
  };
  std::stable_sort(result.begin(), result.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
  auto same = [](const Diagnostic& a, const Diagnostic& b) {
    return a.where == b.where && a.code == b.code && a.message == b.message;
  };
  result.erase(std::unique(result.begin(), result.end(), same), result.end());
  return result;
}

size_t Diagnostics::errors() const {
  return std::count_if(list.begin(), list.end(),
                       [](auto& d) { return d.severity == Severity::error; });
}

size_t Diagnostics::warnings() const {
  return list.size() - errors();
}

int Diagnostics::exitCode(bool strict) const {
  if (unreadableFile) return ExitCode::unreadable;
  if (errors() > 0) return ExitCode::errors;
  return strict && !list.empty() ? ExitCode::warnings : ExitCode::ok;
}

namespace {

void writeText(std::ostream& out, const std::vector<Diagnostic>& problems,
               const SourceTexts& texts) {
  size_t errors = 0;
  for (const Diagnostic& problem : problems) {
    if (problem.severity == Severity::error) ++errors;
    writePlace(out, problem.where);
    out << nameOf(problem.severity) << ": " << problem.message << '\n';
    writeExcerpt(out, texts, problem.where, problem.hint);
    for (const Related& related : problem.related) {
      out << "  ";
      writePlace(out, related.where);
      out << related.message << '\n';
    }
  }
  if (problems.empty()) return;
  out << counted(problems.size(), "problem") << " (" << counted(errors, "error") << ", "
      << counted(problems.size() - errors, "warning") << ")\n";
}

}  // namespace

void Diagnostics::write(std::ostream& out, Format format) const {
  std::vector<Diagnostic> problems = sorted();
  if (format == Format::text) {
    writeText(out, problems, *sources);
    return;
  }
  nlohmann::ordered_json json;
  size_t errors = 0;
  nlohmann::ordered_json entries = nlohmann::ordered_json::array();
  for (const Diagnostic& problem : problems) {
    if (problem.severity == Severity::error) ++errors;
    nlohmann::ordered_json entry;
    entry["severity"] = nameOf(problem.severity);
    entry["code"] = problem.code;
    entry.update(placeAsJson(problem.where));
    entry["message"] = problem.message;
    if (!problem.hint.empty()) entry["hint"] = problem.hint;
    for (const Related& related : problem.related) {
      auto place = placeAsJson(related.where);
      place["message"] = related.message;
      entry["related"].push_back(std::move(place));
    }
    entries.push_back(std::move(entry));
  }
  json["ok"] = errors == 0 && !unreadableFile;
  json["errors"] = errors;
  json["warnings"] = problems.size() - errors;
  json["problems"] = std::move(entries);
  // A file's name may hold any bytes.
  out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace maitred::host
