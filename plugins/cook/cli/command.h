#pragma once
// What the commands share: their options, their help, and the connection.

#include "api.h"
#include "failure.h"

#include <maitred/plugin.h>

#include <boost/program_options.hpp>

#include <istream>

#include <string>
#include <vector>

namespace maitred::cook::cli {

namespace po = boost::program_options;

// One command's command line: its own options beside the common ones (--url, --user, --basic,
// --token, --ca-file, --certificate, --key, --json, --help).
class Options {
 public:
  // `words` names the positional arguments in the help; they are collected under "words".
  // `connects`: whether it asks a queue, and so has options for that.
  Options(std::string command, std::string words, std::string description, bool connects = true);

  po::options_description_easy_init add() { return own.add_options(); }

  // False when --help was asked for and printed. Throws Failure(usage).
  bool parse(CommandLine line);

  bool json() const { return values.count("json") > 0; }
  bool has(const char* name) const { return values.count(name) > 0 && !values[name].defaulted(); }
  template <typename T>
  const T& get(const char* name) const {
    return values[name].as<T>();
  }
  std::vector<std::string> words() const;  // positional arguments
  std::vector<std::string> list(const char* name) const;

  Api connect() const;
  std::string user() const;  // --user, $MAITRED_COOK_USER, or empty
  // The same, or the name of your own account. Throws Failure(usage) if there is none.
  std::string userOrOwn() const;

 private:
  void help() const;
  void addConnectionOptions();
  // An option's value, or that of the environment variable.
  std::string text(const char* name, const char* variable = nullptr) const;
  std::string authorization() const;

  std::string command, wordsName, description;
  po::options_description own;
  po::options_description common;
  po::variables_map values;
};

// UUIDs from the command line, or one a line from standard input when there is none. At least one.
std::vector<std::string> uuidsFrom(const Options& options);

std::vector<std::string> linesOf(std::istream& in);  // without empty lines

int submit(CommandLine line);
int list(CommandLine line);
int show(CommandLine line);
int wait(CommandLine line);
int kill(CommandLine line);
int logs(CommandLine line);
int report(CommandLine line);
int usage(CommandLine line);
int share(CommandLine line);
int quota(CommandLine line);
int pools(CommandLine line);
int retry(CommandLine line);
int queue(CommandLine line);
int explain(CommandLine line);
int policyEval(CommandLine line);
int caseFile(CommandLine line);
int replay(CommandLine line);

}  // namespace maitred::cook::cli
