// /incremental-config: settings with a value for a portion of the jobs.

#include "admin-bodies.h"
#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

json shownValues(const std::vector<IncrementalValue>& values) {
  json list = json::array();
  for (const IncrementalValue& one : values) {
    json entry{{"value", one.value}, {"portion", one.portion}};
    if (!one.comment.empty()) entry["comment"] = one.comment;
    list.push_back(std::move(entry));
  }
  return list;
}

std::string notedValues(const std::vector<IncrementalValue>& values) {
  if (values.empty()) return "";
  return shownValues(values).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

void Rest::requireIncremental(const Caller& caller, Verb verb) const {
  if (settings.access.allows(caller, verb, Item::system, "")) return;
  throw Refused(403, "You are not authorized to access incremental config information");
}

Rest::Answer Rest::getIncremental(Request&, const Caller& caller) {
  requireIncremental(caller, Verb::get);
  json all = json::object();
  for (const auto& [key, values] : queue.incremental()) all[key] = shownValues(values);
  return Response::json(200, all);
}

// Keys that are not named stay as they are; one without values goes.
Rest::Answer Rest::setIncremental(Request& request, const Caller& caller) {
  std::vector<IncrementalRow> rows = readIncremental(request.json());
  requireIncremental(caller, Verb::create);
  AuditLine line = auditLine(caller, "incremental.set", "", "");
  auto decide = [&queue = queue, rows, line](const Entitlements&) {
    AdminChange change;
    for (const IncrementalRow& row : rows) {
      auto present = queue.incremental().find(row.key);
      change.audit.push_back(line);
      change.audit.back().target = row.key;
      if (present != queue.incremental().end()) {
        change.audit.back().before = notedValues(present->second);
      }
      change.audit.back().after = notedValues(row.values);
    }
    change.incremental = rows;
    return change;
  };
  return queue.administer(std::move(decide)).then([this, rows] {
    json all = json::object();
    for (const IncrementalRow& row : rows) all[row.key] = shownValues(row.values);
    return Response::json(201, all);
  });
}

}  // namespace maitred::cook
