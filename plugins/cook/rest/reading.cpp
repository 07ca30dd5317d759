// The routes that show jobs and instances by their ids.

#include "answer-size.h"
#include "parameters.h"
#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;
using Form = RenderOptions::Form;

std::vector<Uuid> Rest::uuids(const std::vector<std::string_view>& texts) const {
  if (texts.size() > settings.limits.jobsPerRequest) {
    throw Refused(400, "at most " + std::to_string(settings.limits.jobsPerRequest) +
                           " ids are allowed in one request");
  }
  std::vector<Uuid> ids;
  for (std::string_view text : texts) ids.push_back(uuidOf(text));
  return ids;
}

Rest::Found Rest::find(const Caller& caller, const std::vector<Uuid>& ids, bool instances) const {
  Found result;
  std::string forbidden;
  for (const Uuid& id : ids) {
    Book::Found found;
    if (instances) {
      found = queue.book().findTask(id);
    } else {
      found.job = queue.book().find(id);
    }
    std::string owner = found.job == nullptr ? "" : found.job->spec.user;
    if (!settings.access.allows(caller, Verb::get, Item::job, owner)) {
      forbidden += " " + id.text();
    } else if (found.job == nullptr) {
      result.missing += "\n" + id.text();
    } else {
      result.list.push_back(found);
    }
  }
  if (!forbidden.empty()) {
    throw Refused(403, "You are not authorized to view / access the following jobs:" + forbidden);
  }
  return result;
}

Rest::Answer Rest::jobs(Request& request, const Caller& caller) {
  if (!request.query.has("uuid")) return Response::json(200, listing(request, caller));
  Found found = find(caller, uuids(request.query.all("uuid")), false);
  if (!found.missing.empty() && (!flagOf(request, "partial") || found.list.empty())) {
    throw Refused(404, "The following UUIDs don't correspond to a job:" + found.missing);
  }
  AnswerSize size;
  for (const auto& one : found.list) size.add(*one.job);
  json list = json::array();
  for (const auto& one : found.list) list.push_back(render(*one.job, renderOptions(Form::jobs)));
  return Response::json(200, list);
}

Rest::Answer Rest::job(Request& request, const Caller& caller) {
  Found found = find(caller, uuids({request.param("uuid")}), false);
  if (found.list.empty()) {
    throw Refused(404, "The following UUIDs don't correspond to a job:" + found.missing);
  }
  return Response::json(200, render(*found.list.front().job, renderOptions(Form::jobs)));
}

Rest::Answer Rest::instances(Request& request, const Caller& caller) {
  if (!request.query.has("uuid")) missing("uuid");
  Found found = find(caller, uuids(request.query.all("uuid")), true);
  if (!found.missing.empty() && (!flagOf(request, "partial") || found.list.empty())) {
    throw Refused(404, "The following UUIDs don't correspond to a job instance:" + found.missing);
  }
  AnswerSize size;
  for (const auto& one : found.list) size.add(*one.job);
  json list = json::array();
  for (const auto& one : found.list) {
    list.push_back(renderWithJob(*one.job, *one.instance, renderOptions(Form::jobs)));
  }
  return Response::json(200, list);
}

Rest::Answer Rest::instance(Request& request, const Caller& caller) {
  Found found = find(caller, uuids({request.param("uuid")}), true);
  if (found.list.empty()) {
    throw Refused(404, "The following UUIDs don't correspond to a job instance:" + found.missing);
  }
  const Book::Found& one = found.list.front();
  return Response::json(200, renderWithJob(*one.job, *one.instance, renderOptions(Form::jobs)));
}

Rest::Answer Rest::rawGet(Request& request, const Caller& caller) {
  auto ids = uuids(request.query.all("job"));
  auto tasks = uuids(request.query.all("instance"));
  if (ids.empty() && tasks.empty()) {
    throw Refused(400, "must supply at least one job or instance query param");
  }
  Found found = find(caller, ids, false);
  Found parents = find(caller, tasks, true);
  bool any = !found.list.empty() || !parents.list.empty();
  if (!flagOf(request, "partial") || !any) {
    auto first = [](const std::string& missing) { return missing.substr(1, 36); };
    if (!found.missing.empty()) {
      throw Refused(404, "UUID " + first(found.missing) + " didn't correspond to a job");
    }
    if (!parents.missing.empty()) {
      throw Refused(404, "UUID " + first(parents.missing) + " didn't correspond to an instance");
    }
  }
  AnswerSize size;
  for (const Found* part : {&found, &parents}) {
    for (const auto& one : part->list) size.add(*one.job);
  }
  json list = json::array();
  for (const Found* part : {&found, &parents}) {
    for (const auto& one : part->list) list.push_back(render(*one.job, renderOptions(Form::raw)));
  }
  return Response::json(200, list);
}

}  // namespace maitred::cook
