#include "command.h"

#include "cli.h"

#include <kj/debug.h>
#include <kj/encoding.h>

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <pwd.h>

namespace maitred::cook::cli {
namespace {

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

const std::map<std::string, int (*)(CommandLine)>& commands() {
  static const std::map<std::string, int (*)(CommandLine)> table = {
      {"submit", &submit}, {"list", &list},   {"show", &show},     {"wait", &wait},
      {"kill", &kill},     {"logs", &logs},   {"report", &report}, {"usage", &usage},
      {"share", &share},   {"quota", &quota}, {"pools", &pools},   {"retry", &retry},
      {"queue", &queue},   {"case", &caseFile}, {"replay", &replay},
      {"policy-eval", &policyEval}, {"explain", &explain},
  };
  return table;
}

}  // namespace

Options::Options(std::string command, std::string words, std::string description, bool connects)
    : command(std::move(command)),
      wordsName(std::move(words)),
      description(std::move(description)),
      own("Options"),
      common(connects ? "Connection" : "Output") {
  if (connects) addConnectionOptions();
  common.add_options()("json", "print JSON instead of tables")("help,h", "print this");
}

void Options::addConnectionOptions() {
  common.add_options()("url",
                       po::value<std::string>()->default_value(
                           environment("MAITRED_COOK_URL", "http://127.0.0.1:12321")),
                       "where the queue answers; also $MAITRED_COOK_URL")(
      "user", po::value<std::string>(),
      "act for this user (needs the right to impersonate); also $MAITRED_COOK_USER")(
      "basic", po::value<std::string>(),
      "a file with NAME:PASSWORD, where the queue asks for HTTP basic authentication")(
      "token", po::value<std::string>(),
      "a file with a token, where the queue asks for one (jwt); also $MAITRED_COOK_TOKEN_FILE")(
      "ca-file", po::value<std::string>(),
      "PEM file with the authorities that an https queue is verified with, instead of the "
      "system's; also $MAITRED_COOK_CA_FILE")(
      "certificate", po::value<std::string>(),
      "PEM file with your own certificate, where the queue asks for one")(
      "key", po::value<std::string>(), "PEM file with its private key");
}

bool Options::parse(CommandLine line) {
  po::options_description hidden;
  hidden.add_options()("words", po::value<std::vector<std::string>>());
  po::options_description all;
  all.add(own).add(common).add(hidden);
  po::positional_options_description positions;
  positions.add("words", -1);
  try {
    po::store(
        po::command_line_parser(line.argc, line.argv).options(all).positional(positions).run(),
        values);
    po::notify(values);
  } catch (const po::error& problem) {
    throw Failure(Exit::usage,
                  std::string(problem.what()) + "; see maitred cook " + command + " --help");
  }
  if (values.count("help") == 0) return true;
  help();
  return false;
}

void Options::help() const {
  std::cout << "maitred cook " << command << " [options]" << (wordsName.empty() ? "" : " ")
            << wordsName << "\n\n"
            << description << "\n\n";
  if (!own.options().empty()) std::cout << own << "\n";
  std::cout << common;
}

std::vector<std::string> Options::words() const {
  return list("words");
}

std::vector<std::string> Options::list(const char* name) const {
  return values.count(name) > 0 ? values[name].as<std::vector<std::string>>()
                                : std::vector<std::string>();
}

std::string Options::user() const {
  return values.count("user") > 0 ? values["user"].as<std::string>()
                                  : environment("MAITRED_COOK_USER", "");
}

std::string Options::userOrOwn() const {
  if (!user().empty()) return user();
  const passwd* account = getpwuid(geteuid());
  if (account == nullptr) throw Failure(Exit::usage, "your account has no name: say which user");
  return account->pw_name;
}

std::string Options::text(const char* name, const char* variable) const {
  if (values.count(name) > 0) return values[name].as<std::string>();
  return variable == nullptr ? "" : environment(variable, "");
}

std::string Options::authorization() const {
  std::string line, basic = text("basic"), token = text("token", "MAITRED_COOK_TOKEN_FILE");
  if (!basic.empty()) {
    std::ifstream file(basic);
    if (!std::getline(file, line) || line.find(':') == std::string::npos) {
      throw Failure(Exit::usage, "--basic: " + basic + " does not hold a line NAME:PASSWORD");
    }
    return std::string("Basic ") + kj::encodeBase64(kj::StringPtr(line.c_str()).asBytes()).cStr();
  }
  if (token.empty()) return "";
  std::ifstream file(token);
  if (!std::getline(file, line) || line.empty()) {
    throw Failure(Exit::usage, "--token: " + token + " does not hold a token in its first line");
  }
  return "Bearer " + line;
}

Api Options::connect() const {
  tls::ConnectorFiles files{text("ca-file", "MAITRED_COOK_CA_FILE"), text("certificate"),
                            text("key")};
  return Api(Connection{text("url"), user(), authorization(), files});
}

std::vector<std::string> linesOf(std::istream& in) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> uuidsFrom(const Options& options) {
  auto uuids = options.words();
  if (uuids.empty()) uuids = linesOf(std::cin);
  if (uuids.empty()) {
    throw Failure(Exit::usage,
                  "no job given: name UUIDs, or send them on standard input, one a line");
  }
  return uuids;
}

int run(CommandLine line) {
  auto found = commands().find(line.argc > 0 ? line.argv[0] : "");
  if (found == commands().end()) {
    std::string all;
    for (const auto& [name, function] : commands()) all += (all.empty() ? "" : ", ") + name;
    std::cerr << "maitred cook: no such command; there are " << all << "\n";
    return static_cast<int>(Exit::usage);
  }
  try {
    return found->second(line);
  } catch (const Failure& failure) {
    std::cerr << "maitred cook " << found->first << ": " << failure.what() << "\n";
    return static_cast<int>(failure.exit);
  } catch (const kj::Exception& problem) {
    std::cerr << "maitred cook " << found->first << ": " << problem.getDescription().cStr() << "\n";
    return static_cast<int>(Exit::no);
  }
}

}  // namespace maitred::cook::cli
