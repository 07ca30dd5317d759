// `maitred ctl support`: one archive with what a maintainer asks for first, and without secrets.

#include "support.h"

#include "collect.h"
#include "host/cli/setup.h"
#include "host/cli/version.h"
#include "host/config/redactor.h"

#include <ctime>
#include <filesystem>
#include <iostream>

namespace maitred::host::cli {

namespace {

using Values = po::variables_map;

std::string stamp() {
  char text[32];
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%SZ", &utc);
  return text;
}

double storeSeconds(const Values& values) {
  double seconds = values["store-check"].as<double>();
  if (!(seconds >= 0 && seconds <= 86400))
    throw UsageError{"--store-check: seconds up to 86400 are expected"};
  return seconds;
}

// The connection, or null and the reason in *why.
std::unique_ptr<AdminClient> connect(const Values& values, std::string* why) {
  try {
    return std::make_unique<AdminClient>(values);
  } catch (const Failure& fault) {
    if (fault.exitCode != Exit::unavailable) throw;
    *why = fault.message;
    return nullptr;
  }
}

Bundle::Mask maskOf(AdminClient* host, const Redactor& redactor) {
  return [host, &redactor](std::string_view text) {
    auto known = redactor(text);
    if (host == nullptr) return known;
    // The host knows what its own environment and earlier configurations had.
    auto request = host->admin().maskRequest();
    request.setText(known);
    return std::string(host->wait(request.send()).getText().cStr());
  };
}

std::string readme(const Bundle& bundle, const std::string& whyNoHost) {
  std::string text =
      "What `maitred ctl support` of maitred " + std::string(hostVersion()) +
      " found. In the place of secrets, and of texts that\ncame from variables or files, stands "
      "***. Look through it before you pass it on.\n\n";
  if (!whyNoHost.empty()) text += "No host was asked: " + whyNoHost + "\n\n";
  if (bundle.notes().empty()) return text + "Nothing is missing.\n";
  text += "Left out:\n";
  for (const auto& note : bundle.notes()) text += "- " + note + "\n";
  return text;
}

// The file that the running host was started with, unless another one is named.
std::string configFile(const Values& values, AdminClient* host) {
  if (values.count("config") > 0) return values["config"].as<std::string>();
  if (host == nullptr) return defaultConfig;
  return host->wait(host->admin().statusRequest().send()).getStatus().getConfigFile().cStr();
}

int support(const Values& values) {
  auto top = "maitred-support-" + stamp();
  auto file = values.count("output") > 0 ? values["output"].as<std::string>() : top + ".tar.gz";
  auto seconds = storeSeconds(values);
  std::string whyNoHost;
  auto host = connect(values, &whyNoHost);

  PluginManifests manifests(pluginDirectories(values));
  Options options;
  options.file = configFile(values, host.get());
  options.policyPath = policyDirectories(values);
  options.manifests = &manifests;
  auto loaded = loadConfig(options);
  Redactor redactor;
  if (loaded.config != nullptr) redactor.add(*loaded.config);

  Bundle bundle(maskOf(host.get(), redactor));
  if (host != nullptr) {
    try {
      collectFromHost(bundle, *host, seconds);
    } catch (const Failure& fault) {
      bundle.missing("status.json", fault.message);
    }
  }
  collectFromFile(bundle, loaded, manifests, host == nullptr);
  bundle.add("README.txt", readme(bundle, whyNoHost));
  writeArchive(bundle.texts(), top, file);
  if (!whyNoHost.empty()) std::cerr << "without a host: " << whyNoHost << "\n";
  std::cout << "wrote " << file << "; look through it before you pass it on\n";
  return Exit::ok;
}

}  // namespace

Command ctlSupportCommand() {
  Command command;
  command.name = "support";
  command.summary =
      "Writes an archive for those who are to help: status, logs, configuration; no secrets.";
  command.run = support;
  command.options = [](po::options_description& options) {
    options.add_options()("output,o", po::value<std::string>()->value_name("FILE"),
                          "the archive; maitred-support-TIME.tar.gz if not given")(
        "store-check", po::value<double>()->default_value(30, "30")->value_name("SECONDS"),
        "how long the check of a store may take; 0 leaves it out");
    addPathOptions(options);
    addSocketOptions(options);
  };
  command.notes = [] {
    return std::string(
        "The archive has mode 0600. Where no host answers, it holds what the configuration and the "
        "files tell.");
  };
  return command;
}

}  // namespace maitred::host::cli
