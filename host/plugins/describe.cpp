#include "describe.h"

#include <nlohmann/json.hpp>

#include <kj/string.h>

#include <algorithm>
#include <iomanip>
#include <ostream>

namespace maitred::host {

namespace {

using Json = nlohmann::ordered_json;

const char* word(manifest::Multiplicity multiplicity) {
  switch (multiplicity) {
    case manifest::Multiplicity::ONE:
      return "one";
    case manifest::Multiplicity::OPTIONAL:
      return "optional";
    case manifest::Multiplicity::SOME:
      return "some";
    case manifest::Multiplicity::ANY:
      return "any";
  }
  return "unknown";
}

const char* word(manifest::HostCapability capability) {
  switch (capability) {
    case manifest::HostCapability::STATE:
      return "state";
    case manifest::HostCapability::LEADERSHIP:
      return "leadership";
    case manifest::HostCapability::ADMIN:
      return "admin";
    default:
      return "unspecified";
  }
}

Json interfaceJson(manifest::Interface::Reader interface) {
  return {{"name", interface.getName().cStr()},
          {"type_id", kj::str("0x", kj::hex(interface.getTypeId())).cStr()}};
}

Json toJson(const Library& library) {
  auto manifest = library.manifest();
  Json json = {{"name", manifest.getName().cStr()},
               {"version", manifest.getVersion().cStr()},
               {"path", library.path()},
               {"description", manifest.getDescription().cStr()},
               {"vendor", manifest.getVendor().cStr()},
               {"license", manifest.getLicense().cStr()},
               {"abi_version", library.embedded().getAbiVersion()},
               {"fingerprint", library.fingerprint()},
               {"takes_config", library.embedded().getConfigType() != 0}};
  json["provides"] = Json::array();
  for (auto interface : manifest.getProvides())
    json["provides"].push_back(interfaceJson(interface));
  json["requires"] = Json::array();
  for (auto requirement : manifest.getRequires()) {
    json["requires"].push_back({{"name", requirement.getName().cStr()},
                                {"interface", interfaceJson(requirement.getInterface())},
                                {"multiplicity", word(requirement.getMultiplicity())},
                                {"description", requirement.getDescription().cStr()}});
  }
  json["commands"] = Json::array();
  for (auto command : manifest.getCommands()) {
    json["commands"].push_back(
        {{"name", command.getName().cStr()},
         {"usage", kj::str("maitred ", library.alias().c_str(), " ", command.getName()).cStr()},
         {"description", command.getDescription().cStr()}});
  }
  json["listeners"] = Json::array();
  for (auto listener : manifest.getListeners()) {
    json["listeners"].push_back({{"name", listener.getName().cStr()},
                                 {"default", listener.getDefault().cStr()},
                                 {"required", listener.getRequired()},
                                 {"description", listener.getDescription().cStr()}});
  }
  json["needs"] = Json::array();
  for (auto need : manifest.getNeeds()) json["needs"].push_back(word(need));
  return json;
}

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string providedNames(const Library& library) {
  std::string names;
  for (auto interface : library.manifest().getProvides()) {
    std::string name = interface.getName().cStr();
    names += (names.empty() ? "" : ", ") + name.substr(name.rfind('.') + 1);
  }
  return names.empty() ? "-" : names;
}

void table(std::ostream& out, const std::vector<LibraryPtr>& libraries) {
  size_t nameWidth = 4, versionWidth = 7, providesWidth = 8;
  for (const auto& library : libraries) {
    nameWidth = std::max(nameWidth, library->manifest().getName().size());
    versionWidth = std::max(versionWidth, library->manifest().getVersion().size());
    providesWidth = std::max(providesWidth, providedNames(*library).size());
  }
  auto row = [&](const char* name, const char* version, const std::string& provides,
                 const char* what) {
    out << std::left << std::setw(nameWidth + 2) << name << std::setw(versionWidth + 2) << version
        << std::setw(providesWidth + 2) << provides << what << "\n";
  };
  row("NAME", "VERSION", "PROVIDES", "DESCRIPTION");
  for (const auto& library : libraries) {
    auto manifest = library->manifest();
    row(manifest.getName().cStr(), manifest.getVersion().cStr(), providedNames(*library),
        manifest.getDescription().cStr());
  }
}

}  // namespace

void describeAll(std::ostream& out, const std::vector<LibraryResult>& results, bool json) {
  std::vector<LibraryPtr> libraries;
  std::vector<Refusal> refused;
  for (const auto& result : results) {
    if (auto* library = std::get_if<LibraryPtr>(&result)) {
      libraries.push_back(*library);
    } else {
      refused.push_back(std::get<Refusal>(result));
    }
  }
  if (json) {
    Json all = {{"plugins", Json::array()}, {"refused", Json::array()}};
    for (const auto& library : libraries) all["plugins"].push_back(toJson(*library));
    for (const auto& refusal : refused) {
      all["refused"].push_back({{"path", refusal.path},
                                {"kind", nameOf(refusal.kind)},
                                {"found", refusal.found},
                                {"needed", refusal.needed},
                                {"mend", refusal.mend}});
    }
    out << dump(all) << "\n";
    return;
  }
  if (libraries.empty()) {
    out << "no plugins found\n";
  } else {
    table(out, libraries);
  }
  if (!refused.empty()) out << "\nrefused:\n";
  for (const auto& refusal : refused) out << "  " << refusal.sentence() << "\n";
}

void describe(std::ostream& out, const Library& library, bool json) {
  auto all = toJson(library);
  if (json) {
    out << dump(all) << "\n";
    return;
  }
  auto manifest = library.manifest();
  out << manifest.getName().cStr() << " " << manifest.getVersion().cStr() << "\n";
  auto field = [&](const char* name, const std::string& value) {
    if (!value.empty()) out << "  " << std::left << std::setw(13) << name << value << "\n";
  };
  field("description", manifest.getDescription().cStr());
  field("vendor", manifest.getVendor().cStr());
  field("licence", manifest.getLicense().cStr());
  field("file", library.path());
  field("abi", std::to_string(library.embedded().getAbiVersion()));
  field("built", library.fingerprint());
  field("config", library.embedded().getConfigType() == 0
                      ? "takes none"
                      : std::string("maitred config-docs ") + manifest.getName().cStr());
  std::string needs;
  for (const auto& need : all["needs"])
    needs += (needs.empty() ? "" : ", ") + need.get<std::string>();
  field("host gives", needs);
  auto section = [&](const char* title, const Json& list, auto&& line) {
    if (!list.empty()) out << "\n" << title << "\n";
    for (const auto& entry : list) out << "  " << line(entry) << "\n";
  };
  auto text = [](const Json& entry, const char* key) { return entry[key].get<std::string>(); };
  auto noted = [](const std::string& head, const std::string& note) {
    return note.empty() ? head : head + ": " + note;
  };
  section("provides", all["provides"],
          [&](const Json& i) { return text(i, "name") + " (" + text(i, "type_id") + ")"; });
  section("requires", all["requires"], [&](const Json& r) {
    return noted(
        text(r, "name") + " (" + text(r, "multiplicity") + " " + text(r["interface"], "name") + ")",
        text(r, "description"));
  });
  section("listeners", all["listeners"], [&](const Json& l) {
    auto standard = text(l, "default");
    auto head = text(l, "name") + (standard.empty() ? "" : " (default " + standard + ")");
    return noted(l["required"].get<bool>() ? head + " required" : head, text(l, "description"));
  });
  section("commands", all["commands"],
          [&](const Json& c) { return noted(text(c, "usage"), text(c, "description")); });
}

}  // namespace maitred::host
