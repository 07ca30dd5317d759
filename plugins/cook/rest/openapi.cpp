#include "openapi.h"

#include <vector>

namespace maitred::cook {

using nlohmann::ordered_json;

namespace {

struct Parameter {
  const char* name;
  const char* type;  // of JSON; "list": texts, as a repeated key
  const char* text;
  bool required = false;
};

struct Answer {
  int status;
  const char* text;
};

struct RouteDoc {
  const char* method;
  const char* path;
  const char* summary;
  std::vector<Parameter> query = {};
  const char* body = nullptr;  // the name of its schema
  std::vector<Answer> answers = {};
  bool open = false;  // without authentication
};

const Parameter USER{"user", "string", "whose", true};
const Parameter POOL{"pool", "string", "in which pool; the header x-cook-pool names one too"};
const Parameter PARTIAL{"partial", "boolean", "leave out what is unknown"};
const Parameter LIMIT{"limit", "integer", "at most so many"};
const Parameter REASON{"reason", "string", "why; it goes into the audit log", true};
const Answer MALFORMED{400, "malformed, or against a rule"};
const Answer FORBIDDEN{403, "not allowed"};
const Answer UNKNOWN{404, "there is no such thing"};

std::vector<RouteDoc> jobRoutes() {
  std::vector<Answer> submitted{{201, "all of them are kept"}, MALFORMED, FORBIDDEN,
                                {409, "an id was used before"},
                                {422, "it can never run, or too many wait"}};
  std::vector<Parameter> killed{{"job", "list", "jobs, by their ids"},
                                {"uuid", "list", "the same"},
                                {"instance", "list", "single instances"}};
  std::vector<Answer> ended{{204, "they are ended"}, MALFORMED, FORBIDDEN, UNKNOWN};
  std::vector<Answer> found{{200, "a list"}, MALFORMED, FORBIDDEN, UNKNOWN};
  std::vector<Parameter> listing{{"uuid", "list", "jobs by their ids; or else the others"},
                                 PARTIAL,
                                 {"user", "string", "whose"},
                                 {"state", "list", "running, waiting, completed, success, failed"},
                                 {"start", "string", "submitted from then on"},
                                 {"end", "string", "and before that"},
                                 LIMIT,
                                 {"name", "string", "of the job; * stands for anything"},
                                 POOL};
  return {
      {"POST", "/jobs", "Submits jobs", {POOL}, "Submission", submitted},
      {"POST", "/rawscheduler", "Submits jobs, the older form", {POOL}, "Submission", submitted},
      {"DELETE", "/jobs", "Kills jobs", killed, nullptr, ended},
      {"DELETE", "/rawscheduler", "Kills jobs", killed, nullptr, ended},
      {"GET", "/jobs", "Jobs by id, or those of a user", listing, nullptr, found},
      {"GET", "/jobs/:uuid", "One job", {}, nullptr, {{200, "the job"}, FORBIDDEN, UNKNOWN}},
      {"GET", "/rawscheduler", "Jobs by their own or an instance's id",
       {{"job", "list", "jobs"}, {"instance", "list", "instances"}, PARTIAL}, nullptr, found},
      {"GET", "/instances", "Instances", {{"uuid", "list", "their ids", true}, PARTIAL}, nullptr,
       found},
      {"GET", "/instances/:uuid", "One instance", {}, nullptr,
       {{200, "the instance"}, FORBIDDEN, UNKNOWN}},
      {"GET", "/list", "Jobs of a user, the older form",
       {USER, {"state", "string", "states, joined by +", true},
        {"since-hours-ago", "integer", "submitted since then"},
        {"start-ms", "integer", "or: from then on"}, {"end-ms", "integer", "and before that"},
        LIMIT, {"name", "string", "of the job; * stands for anything"}},
       nullptr, {{200, "a list"}, MALFORMED, FORBIDDEN}},
      {"GET", "/group", "Groups",
       {{"uuid", "list", "their ids", true},
        {"detailed", "boolean", "with the numbers of their jobs"}, PARTIAL},
       nullptr, found},
      {"DELETE", "/group", "Kills the jobs of groups", {{"uuid", "list", "their ids", true}},
       nullptr, ended},
      {"GET", "/retry", "The attempts that a job has", {{"job", "list", "the job", true}}, nullptr,
       {{200, "the number"}, MALFORMED, FORBIDDEN, UNKNOWN}},
      {"PUT", "/retry", "Gives jobs more attempts", {{"job", "list", "the job"}}, "Retry",
       {{200, "0: none is concerned"}, {201, "the number of the first"}, MALFORMED, FORBIDDEN,
        UNKNOWN, {409, "they would not run again"}}},
      {"POST", "/retry", "The same, the older form", {{"job", "list", "the job"}}, "Retry",
       {{201, "the number of the first"}, MALFORMED, FORBIDDEN, UNKNOWN}},
      {"GET", "/unscheduled_jobs", "Why jobs wait",
       {{"job", "list", "the jobs", true}, PARTIAL}, nullptr, found},
      {"GET", "/explain", "Where a job stands, and what held it back",
       {{"job", "string", "the job", true}}, nullptr,
       {{200, "all of it"}, MALFORMED, FORBIDDEN, UNKNOWN}},
      {"POST", "/progress/:uuid", "How far an instance is", {}, "Progress",
       {{202, "it will be seen"}, MALFORMED, UNKNOWN}, true},
  };
}

std::vector<RouteDoc> limitRoutes() {
  std::vector<RouteDoc> routes;
  struct Kind {
    const char *path, *get, *set, *remove, *body;
  };
  for (const Kind& kind :
       {Kind{"/share", "What a user is entitled to", "Sets it", "Resets it", "ShareChange"},
        Kind{"/quota", "What a user may run at most", "Sets it", "Resets it", "QuotaChange"}}) {
    routes.push_back({"GET", kind.path, kind.get, {USER, POOL}, nullptr,
                      {{200, "the amounts"}, MALFORMED, FORBIDDEN}});
    routes.push_back({"POST", kind.path, kind.set, {POOL}, kind.body,
                      {{201, "the amounts that hold now"}, MALFORMED, FORBIDDEN}});
    routes.push_back({"DELETE", kind.path, kind.remove, {USER, REASON, POOL}, nullptr,
                      {{204, "done"}, MALFORMED, FORBIDDEN}});
  }
  return routes;
}

std::vector<RouteDoc> adminRoutes() {
  const Answer IMPOSSIBLE{422, "it cannot be done: the message says why"};
  const Parameter FORCE{"force", "boolean", "past a lock, and past what cannot be changed"};
  return {
      {"GET", "/compute-clusters", "The clusters and their states", {}, nullptr,
       {{200, "those that are known, and those that are there"}, FORBIDDEN}},
      {"POST", "/compute-clusters", "Refused: clusters come from the configuration", {},
       "ComputeCluster", {MALFORMED, FORBIDDEN, IMPOSSIBLE}},
      {"PUT", "/compute-clusters", "Lets a cluster take work, or none", {FORCE}, "ComputeCluster",
       {{201, "what was changed"}, MALFORMED, FORBIDDEN, IMPOSSIBLE}},
      {"DELETE", "/compute-clusters", "Forgets what was set of a cluster", {}, "ClusterName",
       {{204, "done"}, {400, "there is no such cluster"}, FORBIDDEN}},
      {"GET", "/incremental-config", "Settings with a value for a portion of the jobs", {},
       nullptr, {{200, "by key"}, FORBIDDEN}},
      {"POST", "/incremental-config", "Sets such values", {}, "IncrementalConfig",
       {{201, "the values that hold now"}, MALFORMED, FORBIDDEN}},
      {"POST", "/shutdown-leader", "Ends the process", {}, "Shutdown",
       {{202, "it ends in 5 seconds"}, MALFORMED, FORBIDDEN}},
  };
}

std::vector<RouteDoc> systemRoutes() {
  std::vector<Answer> shown{{200, "it"}, FORBIDDEN};
  return {
      {"GET", "/usage", "What users run",
       {{"user", "string", "whose; all of them without it"}, POOL,
        {"group_breakdown", "boolean", "by groups"}},
       nullptr, {{200, "the amounts"}, MALFORMED, FORBIDDEN}},
      {"GET", "/queue", "The waiting jobs in the order of their turn", {LIMIT}, nullptr,
       {{200, "by pool"}, MALFORMED, FORBIDDEN}},
      {"GET", "/running", "The instances that are live", {LIMIT}, nullptr,
       {{200, "a list"}, MALFORMED, FORBIDDEN}},
      {"GET", "/stats/instances", "How long instances ran",
       {{"status", "string", "unknown, running, success, failed", true},
        {"start", "string", "begun from then on", true}, {"end", "string", "and before that", true},
        {"name", "string", "of the job; * stands for anything"}},
       nullptr, {{200, "by reason and user"}, MALFORMED, FORBIDDEN}},
      {"GET", "/pools", "The pools", {}, nullptr, shown},
      {"GET", "/failure_reasons", "Why attempts fail", {}, nullptr, shown},
      {"GET", "/settings", "The settings in force", {}, nullptr, shown},
      {"GET", "/info", "Version and authentication", {}, nullptr, {{200, "it"}}, true},
      {"GET", "/debug", "The version", {}, nullptr,
       {{200, "text"}, {503, "the same: it leads, and is set to say so"}}, true},
      {"GET", "/metrics", "Metrics of the queue for Prometheus", {}, nullptr, {{200, "text"}},
       true},
      {"GET", "/openapi.json", "This description", {}, nullptr, {{200, "JSON"}}},
      {"GET", "/swagger-docs", "This description", {}, nullptr, {{200, "JSON"}}},
      {"GET", "/swagger-ui", "This description as a page", {}, nullptr, {{200, "HTML"}}},
  };
}

std::vector<RouteDoc> allRoutes() {
  std::vector<RouteDoc> all = jobRoutes();
  for (auto part : {limitRoutes(), adminRoutes(), systemRoutes()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

ordered_json parameterOf(const Parameter& one) {
  bool list = std::string_view(one.type) == "list";
  ordered_json schema{{"type", list ? "array" : one.type}};
  if (list) schema["items"] = {{"type", "string"}};
  return {{"name", one.name},
          {"in", "query"},
          {"required", one.required},
          {"description", one.text},
          {"schema", std::move(schema)}};
}

ordered_json operationOf(const RouteDoc& route) {
  ordered_json parameters = ordered_json::array();
  if (std::string_view(route.path).ends_with("/:uuid")) {
    parameters.push_back({{"name", "uuid"},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}, {"format", "uuid"}}}});
  }
  for (const Parameter& one : route.query) parameters.push_back(parameterOf(one));
  ordered_json answers = ordered_json::object();
  for (const Answer& one : route.answers) {
    answers[std::to_string(one.status)] = {{"description", one.text}};
  }
  if (!route.open) answers["401"] = {{"description", "no credentials, or wrong ones"}};
  ordered_json out{{"summary", route.summary}, {"parameters", std::move(parameters)}};
  if (route.body != nullptr) {
    std::string reference = std::string("#/components/schemas/") + route.body;
    out["requestBody"] = {
        {"required", true},
        {"content", {{"application/json", {{"schema", {{"$ref", reference}}}}}}}};
  }
  out["responses"] = std::move(answers);
  if (route.open) out["security"] = ordered_json::array();
  return out;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string templateOf(std::string path) {
  auto at = path.find(":uuid");
  return at == path.npos ? path : path.replace(at, 5, "{uuid}");
}

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

ordered_json openApi(const std::string& version) {
  ordered_json paths = ordered_json::object();
  for (const RouteDoc& route : allRoutes()) {
    paths[templateOf(route.path)][lower(route.method)] = operationOf(route);
  }
  return {{"openapi", "3.0.3"},
          {"info",
           {{"title", "maitred queue"},
            {"version", version},
            {"description", "The REST interface of Cook, as this queue serves it."}}},
          {"security", {{{"basic", ordered_json::array()}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"securitySchemes", {{"basic", {{"type", "http"}, {"scheme", "basic"}}}}},
            {"schemas", openApiSchemas()}}}};
}

std::string openApiPage(const std::string& version) {
  std::string rows;
  for (const RouteDoc& route : allRoutes()) {
    std::string parameters;
    for (const Parameter& one : route.query) {
      parameters += (parameters.empty() ? "" : ", ") + std::string(one.name) +
                    (one.required ? "" : "?");
    }
    rows += std::string("<tr><td>") + route.method + "<td>" + escaped(route.path) + "<td>" +
            escaped(route.summary) + "<td>" + escaped(parameters) + "<td>" +
            (route.body == nullptr ? "" : route.body) + "\n";
  }
  return "<!doctype html><meta charset=utf-8><title>maitred queue</title>\n<h1>maitred queue " +
         escaped(version) +
         "</h1>\n<p>The same for programs: <a href=openapi.json>openapi.json</a>\n<table>\n"
         "<tr><th>method<th>path<th>what<th>parameters<th>body\n" +
         rows + "</table>\n";
}

}  // namespace maitred::cook
