// Paths and stores of a config made absolute; see reader.h.

#include "files.h"
#include "names.h"
#include "reader.h"
#include "source-texts.h"

namespace maitred::host {

std::optional<std::string> Reader::resolvePath(const std::string& text, const Location& where,
                                               const FieldView& field, const ConfigPath& path) {
  if (text.empty()) return text;
  std::optional<std::string> absolute;
  if (field.notes.storeUrl) return resolveStore(text, where);
  switch (field.notes.path) {
    case config::PathBase::STATE:
      absolute = absolutePath(text, context.stateFolder);
      break;
    case config::PathBase::POLICY:
      absolute = findPolicy(text, where);
      break;
    case config::PathBase::CONFIG:
      absolute = absolutePath(text, context.diagnostics.texts().folder(where.file));
      break;
    default:
      if (!field.notes.secretPath) return text;
      absolute = absolutePath(text, context.diagnostics.texts().folder(where.file));
  }
  if (absolute) context.paths.push_back({path, *absolute});
  return absolute;
}

std::optional<std::string> Reader::findPolicy(const std::string& text, const Location& where) {
  std::vector<std::string> folders = context.policyFolders;
  folders.push_back(context.diagnostics.texts().folder(where.file));
  std::string looked;
  for (const std::string& folder : folders) {
    std::string candidate = absolutePath(text, folder);
    if (isRegularFile(candidate)) return candidate;
    looked += (looked.empty() ? "" : ", ") + (text.starts_with('/') ? folderOf(text) : folder);
    if (text.starts_with('/')) break;
  }
  error("policy-missing", where, "there is no policy " + quotePath(text), "looked in: " + looked);
  return std::nullopt;
}

std::optional<std::string> Reader::resolveStore(const std::string& text, const Location& where) {
  if (text.starts_with("postgresql://") || text.starts_with("postgres://")) return text;
  if (!text.starts_with("sqlite:") || text.size() == 7) {
    error("store-url", where, "this is no URL of a store",
          "write sqlite:NAME or postgresql://HOST/DATABASE");
    return std::nullopt;
  }
  std::string absolute = absolutePath(text.substr(7), context.stateFolder);
  context.stores.push_back({absolute, where});
  return "sqlite:" + absolute;
}

}  // namespace maitred::host
