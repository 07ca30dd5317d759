#include <rest/submission.h>
#include <store/group-text.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* ID = "0f6a4e3c-0000-4000-8000-000000000001";

json job(json more = json::object()) {
  json base{{"uuid", ID}, {"command", "true"}, {"cpus", 1.0}, {"mem", 128}, {"max_retries", 1}};
  base.update(more);
  return base;
}

// What a body is answered with: the error, or "" if it is taken.
std::string verdict(const json& body, JobLimits limits = {}) {
  try {
    Submission read = readSubmission(body, "ana", limits.jobsPerRequest);
    checkSize(read);
    checkIds(read);
    checkJobs(read, limits, {.name = "no-pool", .containers = false});
    return "";
  } catch (const SchemaError& error) {
    return error.what();
  } catch (const Refused& refused) {
    return refused.what();
  }
}
std::string verdictOnJob(json more, JobLimits limits = {}) {
  return verdict({{"jobs", {job(std::move(more))}}}, limits);
}

struct Bad {
  json job;
  const char* text;
};

TEST(Submission, TellsWhatIsWrongWithAJob) {
  const Bad cases[] = {
      {{{"priority", 16000001}}, R"x("priority":"(not (between-0-and-16000000 16000001))")x"},
      {{{"priority", -1}}, R"x("priority":"(not (between-0-and-16000000 -1))")x"},
      {{{"priority", 1.5}}, "priority"},
      {{{"cpus", 0}}, "(not (pos? 0))"},
      {{{"cpus", "1"}}, "(not (number?"},
      {{{"cpus", 5}}, "Requested 5.0 cpus, but only allowed to use 4.0"},
      {{{"cpus", 1e308}}, "cpus, but only allowed to use 4.0"},
      {{{"mem", -1}}, "(not (pos? -1))"},
      {{{"mem", 12289}}, "Requested 12289.0mb memory, but only allowed to use 12288.0"},
      {{{"ports", 6}}, "Requested 6 ports, but only allowed to use 5"},
      {{{"ports", -1}}, "non-negative?"},
      {{{"max_retries", 0}}, "max-retries"},
      {{{"max_retries", 21}}, "Requested 21 exceeds the maximum retry limit"},
      {{{"max_retries", 18446744073709551615ull}}, "max-retries"},
      {{{"uuid", "no"}}, R"x((not (uuid? \"no\")))x"},
      {{{"uuid", 7}}, "uuid"},
      {{{"command", nullptr}}, R"x("command":"missing-required-key")x"},
      {{{"command", ""}}, "must not be empty"},
      {{{"name", "a b"}}, "name"},
      {{{"name", std::string(129, 'x')}}, "name"},
      {{{"datasets", json::array()}}, R"x("datasets":"disallowed-key")x"},
      {{{"env", {{"A", 1}}}}, "env"},
      {{{"env", {{"", "x"}}}}, "env"},
      {{{"env", json::array()}}, "env"},
      {{{"uris", {{{"value", "x"}, {"extract", true}, {"executable", true}}}}},
       "Uri cannot set executable and extract"},
      {{{"uris", {{{"value", "x"}, {"what", true}}}}}, "uris"},
      {{{"constraints", {{"a", "LIKE", "b"}}}}, "supported-operator?"},
      {{{"constraints", {{"a", "EQUALS"}}}}, "constraints"},
      {{{"gpus", 1}}, "GPU support is not enabled"},
      {{{"disk", {{"request", 10}}}}, "Disk specifications are not supported on pool no-pool"},
      {{{"gpus", 0}}, R"x("gpus":"(not (pos? 0))")x"},
      {{{"container", {{"type", "docker"}}}}, "Containers are not supported"},
      {{{"expected_runtime", 10}, {"max_runtime", 5}}, "valid-runtimes?"},
      {{{"application", {{"name", "x"}}}}, "application"},
      {{{"checkpoint", {{"mode", "never"}}}}, "checkpoint"},
      {{{"executor", "other"}}, "executor"},
      {{{"progress_output_file", ""}}, "progress-output-file"},
      {{{"env", {{"A", std::string(300000, 'x')}}}}, "put large inputs into uris"},
      {{{"env", {{"A=B", "x"}}}}, "contains '='"},
  };
  for (const Bad& one : cases) {
    EXPECT_THAT(verdictOnJob(one.job), HasSubstr(one.text)) << one.job.dump().substr(0, 200);
  }
}

// Before they are read one by one: a million faults have no room either.
TEST(Submission, SoManyAreTooMany) {
  json body{{"jobs", json::array()}};
  for (int i = 0; i < 5; ++i) body["jobs"].push_back(json::object());
  EXPECT_THROW(readSubmission(body, "ana", 5), SchemaError);
  body["jobs"].push_back(json::object());
  try {
    readSubmission(body, "ana", 5);
    FAIL() << "six jobs were read";
  } catch (const Refused& refusal) {
    EXPECT_EQ(std::string(refusal.what()),
              "Request has 6 jobs, but at most 5 are allowed: send several requests");
  }
}

TEST(Submission, TakesEitherSpellingAndFillsInDefaults) {
  json body{{"jobs",
             {job({{"max-runtime", 5000},
                   {"labels", {{"a/b", "c"}}},
                   {"status", "old"},
                   {"application", {{"name", "app"}, {"version", "1"}}}})}}};
  Submission read = readSubmission(body, "ana");
  ASSERT_EQ(read.jobs.size(), 1u);
  const JobSpec& spec = read.jobs[0];
  EXPECT_EQ(spec.user, "ana");
  EXPECT_EQ(spec.name, "cookjob");
  EXPECT_EQ(spec.priority, 50);
  EXPECT_EQ(spec.maxRuntimeMs, 5000);
  EXPECT_EQ(spec.labels, (Pairs{{"a/b", "c"}}));
  EXPECT_EQ(json::parse(spec.extra)["application"]["name"], "app");
  EXPECT_EQ(verdict(body), "");
}

TEST(Submission, OneSpellingAtATime) {
  EXPECT_THAT(verdictOnJob({{"max-retries", 2}}), HasSubstr("given twice"));
}

TEST(Submission, TheRequestAsAWhole) {
  EXPECT_THAT(verdict({{"jobs", json::array()}}),
              HasSubstr("Must supply at least one job or group to start."));
  EXPECT_THAT(verdict(json::object()), HasSubstr(R"x("jobs":"missing-required-key")x"));
  EXPECT_THAT(verdict(json::array()), HasSubstr("map?"));
  EXPECT_THAT(verdict({{"jobs", 3}}), HasSubstr("jobs"));
  EXPECT_THAT(verdict({{"jobs", {1}}}), HasSubstr("map?"));
  EXPECT_THAT(verdict({{"jobs", {job()}}, {"more", 1}}), HasSubstr("disallowed-key"));
  EXPECT_EQ(verdict({{"jobs", {job(), job()}}}), std::string("Duplicate job uuids: [") + ID + "]");
  JobLimits limits;
  limits.jobsPerRequest = 1;
  json other = job({{"uuid", "0f6a4e3c-0000-4000-8000-000000000002"}});
  EXPECT_THAT(verdict({{"jobs", {job(), other}}}, limits), HasSubstr("at most 1"));
  limits.commandBytes = 3;
  EXPECT_THAT(verdict({{"jobs", {job()}}}, limits),
              HasSubstr("Job command length of 4 is greater than the maximum command length (3)"));
}

TEST(Submission, GroupsAreNamed) {
  const char* declared = "0f6a4e3c-0000-4000-8000-0000000000aa";
  const char* implicit = "0f6a4e3c-0000-4000-8000-0000000000bb";
  json body{{"jobs",
             {job({{"group", declared}}),
              job({{"uuid", "0f6a4e3c-0000-4000-8000-000000000002"}, {"group", implicit}})}},
            {"groups", {{{"uuid", declared}, {"name", "mine"}}}}};
  Submission read = readSubmission(body, "ana");
  EXPECT_EQ(read.jobs[0].groupName, "mine");
  EXPECT_EQ(read.jobs[1].groupName, "defaultgroup");
  ASSERT_EQ(read.implicitGroups.size(), 1u);
  EXPECT_EQ(read.implicitGroups[0].id.text(), implicit);
  EXPECT_EQ(read.implicitGroups[0].name, "defaultgroup");
  body["groups"].push_back(body["groups"][0]);
  EXPECT_THAT(verdict(body), HasSubstr("occurs twice"));
  body["groups"] = {{{"uuid", declared}}};
  EXPECT_EQ(readSubmission(body, "ana").declaredGroups[0].name, "cookgroup");
  EXPECT_EQ(verdict({{"jobs", json::array()}, {"groups", body["groups"]}}), "")
      << "a group alone is something";
}

constexpr const char* GROUP = "0f6a4e3c-0000-4000-8000-0000000000aa";

TEST(Groups, SayWhereTheirJobsRunAndWhenOneIsTooSlow) {
  auto read = [](const json& more) {
    json group{{"uuid", GROUP}};
    group.update(more);
    return readSubmission({{"jobs", json::array()}, {"groups", {group}}}, "ana").declaredGroups[0];
  };
  GroupSpec plain = read(json::object());
  EXPECT_EQ(plain.placement, HostPlacement{});
  EXPECT_EQ(plain.stragglers, StragglerHandling{});
  GroupSpec full = read(
      {{"host-placement",
        {{"type", "balanced"}, {"parameters", {{"attribute", "rack"}, {"minimum", 3}}}}},
       {"straggler_handling",
        {{"type", "quantile-deviation"},
         {"parameters", {{"quantile", 0.5}, {"multiplier", 2.5}}}}}});
  EXPECT_EQ(full.placement, (HostPlacement{HostPlacement::Type::balanced, "rack", 3}));
  EXPECT_EQ(full.stragglers,
            (StragglerHandling{StragglerHandling::Type::quantileDeviation, 0.5, 2.5}));
  EXPECT_EQ(hostPlacementOf(jsonOf(full.placement)), full.placement);
  EXPECT_EQ(stragglerHandlingOf(jsonOf(full.stragglers)), full.stragglers);
  for (const char* type : {"all", "unique"}) {
    json text{{"type", type}};
    EXPECT_EQ(jsonOf(read({{"host_placement", text}}).placement), text);
    text["parameters"] = json::object();
    EXPECT_NO_THROW(read({{"host_placement", text}})) << "no parameters are none";
  }
  json equals{{"type", "attribute-equals"}, {"parameters", {{"attribute", "zone"}}}};
  EXPECT_EQ(jsonOf(read({{"host_placement", equals}}).placement), equals);
}

TEST(Groups, AreRefusedWithWhatIsWrong) {
  auto placement = [](const char* type, json parameters) {
    return json{{"host_placement", {{"type", type}, {"parameters", std::move(parameters)}}}};
  };
  auto straggler = [](json quantile, json multiplier) {
    return json{{"straggler_handling",
                 {{"type", "quantile-deviation"},
                  {"parameters",
                   {{"quantile", std::move(quantile)}, {"multiplier", std::move(multiplier)}}}}}};
  };
  const std::pair<json, const char*> cases[] = {
      {{{"host_placement", "all"}}, "map?"},
      {{{"host_placement", json::object()}}, "host-placement-type?"},
      {{{"host_placement", {{"type", "everywhere"}}}}, R"((host-placement-type? \"everywhere\"))"},
      {{{"host_placement", {{"type", "all"}, {"more", 1}}}}, "known-key?"},
      {placement("unique", {{"attribute", "x"}}), "known-parameter?"},
      {placement("balanced", {{"attribute", "x"}}), "has-parameter-minimum?"},
      {placement("balanced", {{"attribute", "x"}, {"minimum", 0}}), "integer-above-0?"},
      {placement("balanced", {{"attribute", "x"}, {"minimum", 1.5}}), "integer-above-0?"},
      {placement("balanced", {{"attribute", "x"}, {"minimum", 1e300}}), "integer-above-0?"},
      {placement("balanced", {{"attribute", ""}, {"minimum", 1}}), "attribute-of-1-to-256-bytes?"},
      {placement("attribute-equals", 3), "map?"},
      {{{"straggler_handling", {{"type", "slow"}}}}, "straggler-handling-type?"},
      {straggler(0, 2), "between-0-and-1?"},
      {straggler(1, 2), "between-0-and-1?"},
      {straggler("0.5", 2), "number?"},
      {straggler(0.5, 1), "above-1?"},
      {{{"name", std::string(257, 'x')}}, "max-256-bytes?"},
      {{{"owner", "ana"}}, "disallowed-key"},
  };
  for (const auto& [more, text] : cases) {
    json group{{"uuid", GROUP}};
    group.update(more);
    std::string said = verdict({{"jobs", {job()}}, {"groups", {group}}});
    EXPECT_THAT(said, HasSubstr(text)) << more.dump();
    EXPECT_THAT(said, HasSubstr(R"("errors":{"groups":[{)")) << more.dump();
  }
}

TEST(Users, HaveNamesAsOperatingSystemsKnowThem) {
  for (const char* good : {"ana", "a1", "a-b_c9"}) EXPECT_TRUE(validUser(good)) << good;
  for (const char* bad : {"", "a", "Ana", "1ab", "ab-", "a b", "../x"})
    EXPECT_FALSE(validUser(bad)) << bad;
}

TEST(Times, AreReadInBothForms) {
  EXPECT_EQ(readTime("1500000000000"), 1500000000000);
  EXPECT_EQ(readTime("1970-01-02"), 86400000);
  EXPECT_EQ(readTime("1970-01-01T00:00:01Z"), 1000);
  EXPECT_EQ(readTime("1970-01-01T00:00:01.250Z"), 1250);
  EXPECT_EQ(readTime("1970-01-01T02:00:00+02:00"), 0);
  for (const char* bad : {"", "yesterday", "1970-13-01", "1970-01-01T", "1970-01-01x"}) {
    EXPECT_FALSE(readTime(bad)) << bad;
  }
}

}  // namespace
}  // namespace maitred::cook
