// What jobs may ask for besides cpus and memory (sections 5.1 to 5.4).

#include <rest/render.h>
#include <rest/submission.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class JobDemands : public ::testing::Test {
 protected:
  GpuRule gpus{"p", {"p100", "k80"}, "k80"};
  DiskLimits disk{.regex = "p", .mostMib = 1000, .types = {"standard", "ssd"}};
  ContainerRule container{"p", {.image = "usual:1", .network = "HOST"}};
  PoolTerms terms{.name = "p", .gpus = true, .gpuRule = &gpus, .disk = &disk};
  JobLimits limits;
  std::optional<Account> owner = Account{1000, 100};

  // With everything that happens to a submission before it is kept.
  Submission taken(json more) {
    json one{{"uuid", "0f6a4e3c-0000-4000-8000-000000000001"},
             {"command", "true"},
             {"cpus", 1},
             {"mem", 128},
             {"max_retries", 1}};
    one.update(more);
    Submission read = readSubmission({{"jobs", {one}}}, "ana");
    checkJobs(read, limits, terms);
    fillIn(read, terms);
    if (hasDocker(read)) checkDockerUser(read, owner);
    return read;
  }
  std::string verdict(json more) {
    try {
      taken(std::move(more));
      return "";
    } catch (const SchemaError& error) {
      return error.what();
    } catch (const Refused& refused) {
      return refused.what();
    }
  }
  // As a response shows it.
  json shown(json more) {
    Job job;
    job.spec = taken(std::move(more)).jobs[0];
    MeaCulpaLimits mea;
    return render(job, {&mea, RenderOptions::Form::jobs,
                        [](const std::string&) { return std::string(); }});
  }
};

TEST_F(JobDemands, GpusAndTheirTexts) {
  EXPECT_EQ(verdict({{"gpus", 2}}), "");
  EXPECT_EQ(verdict({{"gpus", 1}, {"env", {{"COOK_GPU_MODEL", "p100"}}}}), "");
  EXPECT_EQ(verdict({{"gpus", 1}, {"env", {{"COOK_GPU_MODEL", "v100"}}}}),
            "The following GPU model is not supported: v100");
  EXPECT_EQ(verdict({{"env", {{"COOK_GPU_MODEL", "v100"}}}}), "") << "without gpus it is a text";
  EXPECT_EQ(shown({{"gpus", 2}})["gpus"], 2);
  EXPECT_EQ(shown(json::object())["gpus"], 0);
  for (json bad : {json(0), json(-1), json(1.5), json("1")}) {
    EXPECT_THAT(verdict({{"gpus", bad}}), HasSubstr(R"("gpus")")) << bad;
  }
  gpus.models.clear();
  EXPECT_EQ(verdict({{"gpus", 1}}),
            "Job requested GPUs but pool p does not have any valid GPU models");
  terms.gpuRule = nullptr;
  EXPECT_EQ(verdict({{"gpus", 1}}),
            "Job requested GPUs but pool p does not have any valid GPU models");
  terms.gpus = false;
  EXPECT_EQ(verdict({{"gpus", 1}}), "GPU support is not enabled");
}

TEST_F(JobDemands, DiskAndItsTexts) {
  struct Case {
    json disk;
    const char* text;
  };
  const char* order =
      "Disk resource setting error. We must have disk-request <= disk-limit <= max-size.";
  const Case cases[] = {
      {{{"request", 10}}, ""},
      {{{"request", 10.5}, {"limit", 1000}, {"type", "ssd"}}, ""},
      {{{"request", 1001}}, "Disk request specified is greater than max disk size on pool"},
      {{{"request", 11}, {"limit", 10}}, order},
      {{{"request", 10}, {"limit", 1001}}, order},
      {{{"request", 10}, {"type", "tape"}},
       "The following disk type is not supported: tape for pool p with disks #{\"standard\" "
       "\"ssd\"}"},
  };
  for (const Case& one : cases) EXPECT_EQ(verdict({{"disk", one.disk}}), one.text) << one.disk;
  for (json bad : {json{{"limit", 5}}, json{{"request", 1}}, json{{"request", "5"}}, json(5),
                   json{{"request", 5}, {"size", 5}}, json{{"request", 5}, {"type", 5}}}) {
    EXPECT_THAT(verdict({{"disk", bad}}), HasSubstr(R"({"errors":{"jobs":[{"disk":)")) << bad;
  }
  json sound{{"request", 10.0}, {"limit", 20.0}, {"type", "ssd"}};
  EXPECT_EQ(shown({{"disk", sound}})["disk"], sound);
  EXPECT_EQ(taken({{"disk", sound}}).jobs[0].demands[0].diskMib, 10);
  EXPECT_FALSE(shown(json::object()).contains("disk"));
  terms.disk = nullptr;
  EXPECT_EQ(verdict({{"disk", {{"request", 10}}}}),
            "Disk specifications are not supported on pool p");
}

TEST_F(JobDemands, CheckpointsAndApplications) {
  json checkpoint{{"mode", "periodic"},
                  {"options", {{"preserve-paths", {"/a", "/b"}}}},
                  {"periodic-options", {{"period-sec", 777}}}};
  EXPECT_EQ(shown({{"checkpoint", checkpoint}})["checkpoint"], checkpoint);
  json application{{"name", "app"}, {"version", "1.2"}, {"workload-class", "batch"},
                   {"workload-id", "7"}, {"workload-details", ""}};
  EXPECT_EQ(shown({{"application", application}})["application"], application);
  const std::pair<json, const char*> cases[] = {
      {{{"checkpoint", json::object()}}, R"("mode":"missing-required-key")"},
      {{{"checkpoint", {{"mode", "never"}}}}, "auto-periodic-or-preemption?"},
      {{{"checkpoint", {{"mode", "auto"}, {"more", 1}}}}, R"("more":"disallowed-key")"},
      {{{"checkpoint", {{"mode", "auto"}, {"options", {{"preserve-paths", {1}}}}}}}, "options"},
      {{{"checkpoint", {{"mode", "periodic"}, {"periodic-options", json::object()}}}},
       R"("period-sec":"missing-required-key")"},
      {{{"application", {{"name", "x"}}}}, R"("version":"missing-required-key")"},
      {{{"application", {{"name", ""}, {"version", "1"}}}}, R"("name")"},
      {{{"application", {{"name", "a b"}, {"version", "1"}}}}, R"("name")"},
      {{{"application", {{"name", std::string(129, 'x')}, {"version", "1"}}}}, R"("name")"},
      {{{"application", {{"name", "a"}, {"version", "1"}, {"workload-id", "-"}}}}, "workload-id"},
  };
  for (const auto& [more, text] : cases) EXPECT_THAT(verdict(more), HasSubstr(text)) << more;
}

TEST_F(JobDemands, ContainersAreShownWithoutTheirPorts) {
  json given = json::parse(R"({"type": "docker",
      "docker": {"image": "i:2", "network": "BRIDGE", "force-pull-image": true,
                 "parameters": [{"key": "env", "value": "A=B"}],
                 "port-mapping": [{"host-port": 0, "container-port": 8080, "protocol": "tcp"}]},
      "volumes": [{"host-path": "/a", "container-path": "/b", "mode": "ro"},
                  {"host-path": "/c"}]})");
  EXPECT_EQ(shown({{"container", given}})["container"], json::parse(R"({"type": "DOCKER",
      "docker": {"image": "i:2", "network": "BRIDGE", "force-pull-image": true,
                 "parameters": [{"key": "env", "value": "A=B"},
                                {"key": "user", "value": "1000:100"}]},
      "volumes": [{"host-path": "/a", "container-path": "/b", "mode": "RO"},
                  {"host-path": "/c"}]})"));
  auto kept = containerOf(taken({{"container", given}}).jobs[0].extra);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->ports, (std::vector<Container::PortMapping>{{0, 8080, "TCP"}}));
  EXPECT_EQ(containerOf(json{{"container", jsonOf(*kept)}}.dump()), kept) << "the store keeps it";
  json mesos{{"type", "MESOS"}, {"mesos", {{"image", "i"}}}};
  EXPECT_EQ(shown({{"container", mesos}})["container"],
            (json{{"type", "MESOS"}, {"mesos", {{"image", "i"}}}, {"volumes", json::array()}}));
}

TEST_F(JobDemands, ContainersThatAreRefused) {
  auto docker = [](json more) {
    return json{{"container", {{"type", "DOCKER"}, {"docker", std::move(more)}}}};
  };
  auto user = [&](const char* value) {
    return docker({{"image", "i"}, {"parameters", {{{"key", "user"}, {"value", value}}}}});
  };
  EXPECT_EQ(verdict(user("1000:100")), "");
  EXPECT_EQ(verdict(user("0:0")), "user parameter must match uid and gid of user submitting");
  owner.reset();
  EXPECT_EQ(verdict(docker({{"image", "i"}})), "The uid is unavailable for the user");
  owner = Account{1, 1};
  const std::pair<json, const char*> cases[] = {
      {{{"container", {{"docker", json::object()}}}}, R"("type":"missing-required-key")"},
      {{{"container", {{"type", "lxc"}}}}, "docker-or-mesos?"},
      {{{"container", "docker"}}, "map?"},
      {docker({{"more", 1}}), "disallowed-key"},
      {docker({{"image", 5}}), "string?"},
      {docker({{"parameters", {{{"key", "a"}}}}}), R"("value":"missing-required-key")"},
      {docker({{"port-mapping", {{{"host-port", 65537}, {"container-port", 1}}}}}), "port?"},
      {docker({{"port-mapping", {{{"host-port", -1}, {"container-port", 1}}}}}), "port?"},
      {{{"container", {{"type", "docker"}, {"volumes", {{{"mode", "RW"}}}}}}}, "host-path"},
      {{{"container", {{"type", "docker"}, {"volumes", {{{"host-path", "/"}, {"mode", "X"}}}}}}},
       "rw-or-ro?"},
  };
  for (const auto& [more, text] : cases) EXPECT_THAT(verdict(more), HasSubstr(text)) << more;
  limits.dockerParameters = {"env", "user"};
  json parameters = json::parse(R"([{"key": "env", "value": "a"}, {"key": "cap-add", "value": "b"},
                                    {"key": "device", "value": "c"}])");
  EXPECT_EQ(verdict(docker({{"image", "i"}, {"parameters", parameters}})),
            "The following parameters are not supported: cap-add, device");
}

TEST_F(JobDemands, ThePoolHasAnUsualContainer) {
  EXPECT_FALSE(shown(json::object()).contains("container"));
  terms.container = &container;
  json usual = shown(json::object())["container"]["docker"];
  EXPECT_EQ(usual["image"], "usual:1");
  EXPECT_EQ(usual["network"], "HOST");
  json own = shown({{"container", {{"type", "docker"}}}})["container"]["docker"];
  EXPECT_EQ(own["image"], "usual:1") << "the image alone";
  EXPECT_FALSE(own.contains("network"));
  std::vector<IncrementalValue> images{{"next:2", 0, ""}};
  terms.images = &images;
  EXPECT_EQ(shown(json::object())["container"]["docker"]["image"], "usual:1") << "not for this job";
  images[0].portion = 1;
  EXPECT_EQ(shown(json::object())["container"]["docker"]["image"], "next:2");
  terms.images = nullptr;
  json image{{"type", "docker"}, {"docker", {{"image", "mine"}}}};
  EXPECT_EQ(shown({{"container", image}})["container"]["docker"]["image"], "mine");
}

TEST_F(JobDemands, EveryFaultOfABatchIsNamedOnce) {
  json jobs = json::array();
  for (int i = 0; i < 3; ++i) {
    char id[40];
    std::snprintf(id, sizeof id, "0f6a4e3c-0000-4000-8000-%012d", i);
    jobs.push_back(
        {{"uuid", id}, {"command", "true"}, {"cpus", 5}, {"mem", 1}, {"max_retries", 1}});
  }
  jobs[2]["cpus"] = 1;
  jobs[2]["ports"] = 9;
  Submission read = readSubmission({{"jobs", jobs}}, "ana");
  try {
    checkJobs(read, limits, terms);
    FAIL() << "it was taken";
  } catch (const Refused& refused) {
    EXPECT_EQ(refused.status, 400u);
    EXPECT_STREQ(refused.what(),
                 "Requested 5.0 cpus, but only allowed to use 4.0\n"
                 "Requested 9 ports, but only allowed to use 5");
  }
}

}  // namespace
}  // namespace maitred::cook
