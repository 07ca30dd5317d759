#include "evaluate.h"
#include "kinds.h"
#include "nearest.h"
#include "tool-use.h"

#include <maitred/lua/policy.h>
#include <maitred/lua/spec.h>
#include <maitred/lua/tool.h>

#include <boost/program_options.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace maitred::lua {

namespace {

namespace po = boost::program_options;

constexpr int good = 0, bad = 2;

// For what is wrong with the command line itself.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Command {
  const char* name;
  const char* arguments;
  const char* text;
};
constexpr Command commands[] = {
    {"check", "FILE…", "Loads policies as a plugin would, and says all that is wrong with them."},
    {"eval", "FILE FUNCTION [--] ARGUMENTS…",
     "Calls one function and prints its result. Arguments are numbers, true, false, nil, Lua "
     "tables as in\n"
     "'{user = \"ana\", cpus = 2}', and otherwise texts. Behind -- they may start with a minus."},
    {"test", "SPEC…", "Runs the tests of policies: files with describe, it, policy and expect."},
    {"new", "KIND", "Prints a commented first policy. Kinds: "},
};
constexpr Command evalState = {
    "eval", "FILE --live|--snapshot FILE",
    "Shows what a policy would decide on the state of a running host, or on a saved state, beside\n"
    "what is decided by the policy in force. Nothing that runs is touched."};
constexpr Command snapshot = {
    "snapshot", "[INSTANCE]",
    "Prints that state of a running host, for `eval FILE --snapshot FILE`."};

bool asksForState(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "--live" || word == "--snapshot" || word.starts_with("--snapshot=");
  });
}


class Tool {
 public:
  Tool(std::ostream& out, std::ostream& err, const ToolOptions& given)
      : out(out),
        err(err),
        search(given.search),
        limits(given.limits),
        program(given.program),
        given(given) {}

  int run(std::vector<std::string> arguments) {
    try {
      if (arguments.empty()) {
        usage(err);
        return bad;
      }
      std::string name = arguments[0];
      if (name == "--help" || name == "-h" || name == "help") {
        usage(out);
        return good;
      }
      arguments.erase(arguments.begin());
      if (given.snapshot && name == snapshot.name) return given.snapshot(arguments);
      if (given.evalState && name == evalState.name && asksForState(arguments))
        return given.evalState(arguments);
      const Command& command = find(name);
      if (!parse(command, arguments)) return good;
      if (name == "check") return check();
      if (name == "eval") return eval();
      if (name == "test") return test();
      return printTemplate();
    } catch (const std::exception& problem) {
      // Ours and those of Boost.Program_options: the command line is wrong.
      err << program << ": " << problem.what() << "\nSee: " << program << " --help\n";
      return bad;
    }
  }

 private:
  static std::string kindList() {
    std::string text;
    for (const auto& kind : kindNames()) text += (text.empty() ? "" : ", ") + kind;
    return text;
  }

  void usage(std::ostream& to) const {
    to << "Usage: " << program << " COMMAND [OPTIONS] ARGUMENTS…\n\n";
    for (const auto& command : commands) explain(to, command);
    if (given.evalState) explain(to, evalState);
    if (given.snapshot) explain(to, snapshot);
    to << "\nEach command has --help. Exit codes: 0 all is well, 2 errors.\n";
  }

  static void explain(std::ostream& to, const Command& command) {
    to << "  " << command.name << " " << command.arguments << "\n      ";
    for (const char* c = command.text; *c != '\0'; ++c) to << *c << (*c == '\n' ? "      " : "");
    to << (command.name == std::string("new") ? kindList() : "") << "\n";
  }

  const Command& find(const std::string& name) const {
    std::vector<std::string> known;
    if (given.snapshot) known.push_back(snapshot.name);
    for (const auto& command : commands) {
      if (name == command.name) return command;
      known.push_back(command.name);
    }
    throw UsageError("unknown command \"" + name + "\"" + didYouMean(name, known));
  }

  // False: help was printed and there is nothing more to do.
  bool parse(const Command& command, const std::vector<std::string>& arguments) {
    po::options_description options("Options");
    std::vector<std::string> folders;
    options.add_options()("help,h", "this text")("policy-path",
                                                 po::value(&folders)->value_name("FOLDER"),
                                                 "look for policies here first; may be repeated")(
        "kind", po::value(&kind)->value_name("KIND"), "insist on this kind")(
        "instructions",
        po::value(&limits.instructions)->value_name("N")->default_value(limits.instructions),
        "limit for one call")("quiet,q", po::bool_switch(&quiet), "only what is wrong");
    po::options_description all;
    all.add(options).add_options()("rest", po::value(&rest));
    po::positional_options_description positional;
    positional.add("rest", -1);
    po::variables_map values;
    po::store(po::command_line_parser(arguments).options(all).positional(positional).run(), values);
    po::notify(values);
    if (values.count("help") != 0) {
      out << "Usage: " << program << " " << command.name << " [OPTIONS] " << command.arguments
          << "\n\n"
          << command.text << (command.name == std::string("new") ? kindList() : "") << "\n\n"
          << options;
      if (given.evalState && command.name == std::string(evalState.name)) {
        out << "\n" << program << " eval " << evalState.arguments << "\n" << evalState.text
            << "\nSee: " << program << " eval --live --help\n";
      }
      return false;
    }
    if (rest.empty()) throw UsageError(std::string(command.name) + " needs " + command.arguments);
    if (limits.instructions < 1000 || limits.instructions > 1'000'000'000'000) {
      throw UsageError("--instructions must be between 1000 and 10^12");
    }
    if (!kind.empty() && findKind(kind) == nullptr) {
      throw UsageError("unknown kind \"" + kind + "\"" + didYouMean(kind, kindNames()));
    }
    search.path.insert(search.path.begin(), folders.begin(), folders.end());
    // What the shell's user names is looked for where he stands, too.
    search.path.insert(search.path.begin(), ".");
    return true;
  }

  Measured load(const std::string& file) const {
    Policy::Options options;
    options.kind = kind;
    options.search = search;
    options.limits = limits;
    return Measured(file, options);
  }

  int check() {
    int problems = 0;
    for (const auto& file : rest) {
      Measured measured = load(file);
      for (const auto& problem : measured.loaded().problems) err << problem.text() << "\n";
      problems += static_cast<int>(measured.loaded().problems.size());
      if (measured.loaded() && !quiet) problems += praise(file, measured);
    }
    if (problems > 0) err << problems << (problems == 1 ? " problem\n" : " problems\n");
    return problems == 0 ? good : bad;
  }

  // Returns how many functions failed after all.
  int praise(const std::string& file, Measured& measured) {
    int failures = 0;
    const Policy& policy = measured.policy();
    out << file << ": good. kind " << policy.kind() << ", name " << policy.name() << ", version "
        << policy.version() << "\n  loading: " << measured.loadUse() << "\n";
    for (const auto& each : findKind(policy.kind())->functions) {
      Function function = functionOf(policy.kind(), each.name);
      if (!policy.has(function)) continue;
      Value result;
      auto inputs = sampleInputs(policy, function);
      // A trial call has passed already; one that fails now depends on something else.
      if (measured.call(function, inputs, result)) {
        out << "  " << each.name << ": " << measured.callUse() << " in a trial call\n";
      } else {
        err << policy.failure().text() << "\n";
        ++failures;
      }
    }
    return failures;
  }

  // Lua itself reads tables, in the same sandbox: what is no number is tried as an expression of
  // constants.
  Value argument(const std::string& text) const {
    double number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
    bool expression = text == "nil" || text == "true" || text == "false" || text.starts_with("{") ||
                      text.starts_with("\"") || text.starts_with("(") || text == "math.huge" ||
                      text == "-math.huge";
    if (!expression) return text;
    std::string problem;
    Value value;
    if (!evaluate(text, limits, value, problem))
      throw UsageError("argument " + text + ": " + problem);
    return value;
  }

  int eval() {
    if (rest.size() < 2) throw UsageError("eval needs FILE FUNCTION ARGUMENTS…");
    Measured measured = load(rest[0]);
    if (!measured.loaded()) {
      err << measured.loaded().text() << "\n";
      return bad;
    }
    Policy& policy = measured.policy();
    Function function = functionOf(policy.kind(), rest[1]);
    std::vector<Value> inputs;
    for (std::size_t i = 2; i < rest.size(); ++i) inputs.push_back(argument(rest[i]));
    checkCount(policy, function, inputs.size());
    Value result;
    if (!measured.call(function, inputs, result)) {
      err << policy.failure().text() << "\n";
      return bad;
    }
    out << result.literal(1u << 20) << "\n";
    if (!quiet) err << measured.callUse() << "\n";
    return good;
  }

  void checkCount(const Policy& policy, Function function, std::size_t count) const {
    const auto& parameters = findKind(policy.kind())
                                 ->functions[static_cast<std::size_t>(function.index)]
                                 .type->parameters;
    auto needed = [](const Member& parameter) { return !parameter.optional; };
    auto required = static_cast<std::size_t>(
        std::count_if(parameters.begin(), parameters.end(), needed));
    if (count >= required && count <= parameters.size()) return;
    std::string wanted = std::to_string(required);
    if (required < parameters.size()) wanted += " to " + std::to_string(parameters.size());
    throw UsageError(rest[1] + " takes " + wanted + " arguments, got " + std::to_string(count));
  }

  int test() {
    std::size_t failed = 0, total = 0;
    for (const auto& file : rest) {
      SpecRun run = runSpec(file, search, limits);
      if (run.results.empty()) {
        err << file << ": holds no test\n";
        ++failed;
      }
      for (const auto& result : run.results) {
        ++total;
        if (!result.passed) ++failed;
        if (!result.passed)
          err << "FAILED " << result.name << "\n  " << result.message << "\n";
        else if (!quiet)
          out << "ok     " << result.name << "\n";
      }
    }
    out << total << " tests, " << failed << " failed\n";
    return failed == 0 ? good : bad;
  }

  int printTemplate() {
    const Kind* found = findKind(rest[0]);
    if (rest.size() != 1 || found == nullptr) {
      throw UsageError("unknown kind \"" + rest[0] + "\"" + didYouMean(rest[0], kindNames()) +
                       "; known: " + kindList());
    }
    for (const auto& file : embeddedTemplates()) {
      if (file.name == "templates/" + found->name + ".lua") out << file.text;
    }
    return good;
  }

  std::ostream& out;
  std::ostream& err;
  Search search;
  Limits limits;
  std::string program, kind;
  const ToolOptions& given;
  std::vector<std::string> rest;
  bool quiet = false;
};

}  // namespace

int policyMain(int argc, char** argv, std::ostream& out, std::ostream& err,
               const ToolOptions& options) {
  return Tool(out, err, options)
      .run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}

}  // namespace maitred::lua
