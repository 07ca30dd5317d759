// Walks the tables of docs/operate/access.md: each request with no, wrong, foreign and right
// credentials against a whole maitred. A row that is not so, and an endpoint without a row, fail.
#include "access-table.h"
#include "system.h"

#include <maitred/http/query.h>
#include <maitred/schema/admin.capnp.h>

#include <cook.capnp.h>

#include <capnp/schema.h>
#include <kj/encoding.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::writeFile;

const std::map<std::string, std::string> passwords = {
    {"boss", "Pw-boss-71f3"}, {"ana", "Pw-ana-9c2e"}, {"ben", "Pw-ben-04d8"},
    {"poser", "Pw-poser-55aa"}};
const char* const wrong = "ana:Pw-wrong-e6b1";

std::string source(const char* path) {
  std::ifstream file(std::string(std::getenv("MAITRED_SOURCE_DIR")) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string encoded(const std::string& credentials) {
  return kj::encodeBase64(kj::StringPtr(credentials.c_str()).asBytes()).cStr();
}

class Access : public ::testing::Test {
 protected:
  System system{System::Options{.hostExtra = "  log: { level: debug }\n"}};
  std::vector<AccessRow> rows = readAccessTable(std::string(std::getenv("MAITRED_SOURCE_DIR")) +
                                                "/docs/operate/access.md");

  Access() {
    for (auto& [user, password] : passwords) {
      writeFile(at(user + ".password"), password + "\n");
      writeFile(at(user + ".basic"), user + ":" + password + "\n");
    }
    writeFile(at("wrong.basic"), std::string(wrong) + "\n");
    system.editConfig("{ one_user: operator }", basic());
    system.editConfig("admins: [operator]", "admins: [boss]");
    system.editConfig("impersonators: [operator]", "impersonators: [poser]");
  }

  std::string at(const std::string& name) const { return system.folder() + "/" + name; }
  std::string basic() const {
    std::string users;
    for (auto& [user, password] : passwords) {
      if (!users.empty()) users += ", ";
      users += user + ": { password: \"file:" + user + ".password\" }";
    }
    return "{ basic: { users: { " + users + " } } }";
  }
  std::vector<AccessRow> section(const char* title) const {
    std::vector<AccessRow> found;
    for (auto& row : rows) {
      if (row.section.starts_with(title)) found.push_back(row);
    }
    EXPECT_FALSE(found.empty()) << title;
    return found;
  }
  std::set<std::string> named(const char* title) const {
    std::set<std::string> names;
    for (auto& row : section(title)) names.insert(row.what);
    return names;
  }

  static std::string of(const std::string& user) { return user + ":" + passwords.at(user); }
  http::ClientResponse ask(const std::string& base, const std::string& what, const json& body,
                           const std::string& credentials, const std::string& actFor = "") {
    size_t space = what.find(' ');
    http::ClientRequest request;
    request.method = what.substr(0, space);
    request.url = base + what.substr(space + 1);
    if (!body.is_null()) {
      request.body = body.dump();
      request.headers.emplace_back("Content-Type", "application/json");
    }
    if (!credentials.empty()) {
      request.headers.emplace_back("Authorization", "Basic " + encoded(credentials));
    }
    if (!actFor.empty()) request.headers.emplace_back("X-Cook-Impersonate", actFor);
    return system.send(request);
  }
  // What the shapes of rows come to, beginning with who must be refused: changes come last.
  struct Expected {
    std::string label, credentials;
    unsigned status;   // 200: any that is below 300
  };
  static std::vector<Expected> expectations(const std::string& who) {
    std::vector<Expected> all{{"none", "", 401}, {"wrong", wrong, 401}};
    if (who == "everybody") {
      return {{"none", "", 200}, {"wrong", wrong, 200}, {"ben", of("ben"), 200}};
    }
    if (who == "user") all.push_back({"ben", of("ben"), 200});
    if (who == "owner") {
      all.insert(all.end(), {{"ben", of("ben"), 403}, {"poser", of("poser"), 403},
                             {"ana", of("ana"), 200}, {"boss", of("boss"), 200}});
    }
    if (who == "admin") {
      all.insert(all.end(), {{"ben", of("ben"), 403}, {"ana", of("ana"), 403},
                             {"boss", of("boss"), 200}});
    }
    EXPECT_TRUE(all.size() > 2) << "the table knows no such word: " << who;
    return all;
  }
  static void compare(const AccessRow& row, const Expected& expected, unsigned status,
                      const std::string& body) {
    unsigned rough = status < 300 ? 200 : status;
    EXPECT_EQ(rough, expected.status)
        << row.what << " is for '" << row.who << "', asked with credentials: " << expected.label
        << "; answer " << status << " " << body;
  }

  std::string submitted(const std::string& command, const json& group = nullptr) {
    json one = job(command);
    if (!group.is_null()) one["group"] = group;
    auto answer = ask(system.restUrl(), "POST /jobs", {{"jobs", {one}}}, of("ana"));
    EXPECT_EQ(answer.status, 201u) << answer.body;
    return one["uuid"];
  }
  // A job of ana's that has ended, as the queue shows it.
  const json& ended() {
    if (!endedJob.is_null()) return endedJob;
    std::string uuid = submitted("echo walked");
    system.eventually("the job has ended", [&]() {
      endedJob = json::parse(ask(system.restUrl(), "GET /jobs/" + uuid, nullptr, of("boss")).body);
      return endedJob["status"] == "completed";
    });
    return endedJob;
  }
  json endedJob;
};

// --- The rows of the queue ---

struct Shape {
  std::string query;
  json body;
  unsigned granted = 200;  // what whoever may is answered; 200: any that is below 300
};

class QueueAccess : public Access {
 protected:
  Shape shapeOf(const std::string& what) {
    std::string uuid = ended()["uuid"], task = ended()["instances"][0]["task_id"];
    json limit{{"user", "ana"}, {"reason", "walk"}};
    json cluster{{"name", "local"}, {"state", "running"}};
    json submission{{"jobs", {job("true")}}};
    if (what.starts_with("GET /instances")) return {"?uuid=" + task, nullptr};
    if (what == "GET /list") return {"?user=ana&state=running%2Bwaiting", nullptr};
    bool ofJob = what == "GET /rawscheduler" || what == "GET /retry" || what == "GET /explain" ||
                 what == "GET /unscheduled_jobs";
    if (ofJob) {
      return {"?job=" + uuid, nullptr};
    }
    if (what == "GET /jobs") return {"?uuid=" + uuid, nullptr};
    if (what == "GET /stats/instances") return {"?status=success&start=0&end=1000", nullptr};
    if (what.starts_with("POST /progress")) {
      return {"", {{"progress_sequence", 1}, {"progress_percent", 50}}};
    }
    if (what.ends_with(" /group")) {
      std::string group = job("")["uuid"];
      submitted("sleep 20", group);
      return {"?uuid=" + group, nullptr};
    }
    if (what.starts_with("GET /")) return {"?user=ana", nullptr};
    if (what == "POST /jobs" || what == "POST /rawscheduler") return {"", submission};
    if (what.starts_with("DELETE /jobs") || what.starts_with("DELETE /raw")) {
      return {"?job=" + submitted("sleep 20"), nullptr};
    }
    if (what == "PUT /retry") {
      return {"", {{"jobs", {submitted("sleep 20")}}, {"increment", 1}}};
    }
    if (what == "POST /retry") return {"", {{"job", submitted("sleep 20")}, {"retries", 7}}};
    if (what == "POST /share") limit["share"] = {{"cpus", 2}};
    if (what == "POST /quota") limit["quota"] = {{"count", 1000}};
    if (limit.size() == 3) return {"", limit};
    if (what == "POST /compute-clusters") return {"", cluster, 422};  // there is one of that name
    if (what.ends_with("/compute-clusters")) return {"", cluster};
    if (what == "POST /shutdown-leader") return {"", {{"reason", "walk"}}};  // in 5 s: the last row
    if (what == "POST /incremental-config") return {"", {{"configs", json::array()}}};
    if (what.starts_with("DELETE /")) return {"?user=ana&reason=walk", nullptr};
    ADD_FAILURE() << "the walk knows no request for " << what << ": give it one";
    return {"", nullptr};
  }
  std::string filled(std::string what) {
    auto place = what.find(":uuid");
    if (place == what.npos) return what;
    bool instance = what.find("instances") != what.npos || what.find("progress") != what.npos;
    std::string id = instance ? ended()["instances"][0]["task_id"] : ended()["uuid"];
    return what.replace(place, 5, id);
  }
};

std::set<std::string> routesOf(System& system, const char* instance) {
  auto asked = system.ctl({"ask", instance, "routes"});
  std::set<std::string> routes;
  for (std::string route : json::parse(asked.out)) {
    size_t open = route.find(" open");
    routes.insert(route.substr(0, open));
  }
  return routes;
}

TEST_F(QueueAccess, IsAsTheTableSays) {
  system.start();
  EXPECT_EQ(named("The queue"), routesOf(system, "cook"));
  for (auto& row : section("The queue")) {
    for (auto& expected : expectations(row.who)) {
      Shape shape = shapeOf(row.what);
      auto answer = ask(system.restUrl(), filled(row.what) + shape.query, shape.body,
                        expected.credentials);
      compare(row, expected, answer.status == shape.granted ? 200 : answer.status, answer.body);
    }
  }
  auto acting = [&](const std::string& credentials) {
    return ask(system.restUrl(), "GET /pools", nullptr, credentials, "ana").status;
  };
  EXPECT_EQ(acting(""), 401u);
  EXPECT_EQ(acting(wrong), 401u);
  EXPECT_EQ(acting(of("ben")), 403u);
  EXPECT_EQ(acting(of("boss")), 403u) << "admins are no impersonators by themselves";
  EXPECT_EQ(acting(of("poser")), 200u);

  std::string log = system.log();
  EXPECT_THAT(log, HasSubstr("credentials refused")) << "the log is there, and tells of refusals";
  for (auto& [user, password] : passwords) {
    EXPECT_THAT(log, Not(HasSubstr(password)));
    EXPECT_THAT(log, Not(HasSubstr(encoded(of(user)))));
    EXPECT_THAT(system.ctl({"config"}).out, Not(HasSubstr(password)));
  }
  EXPECT_THAT(log, Not(HasSubstr("Pw-wrong")));
  EXPECT_THAT(log, Not(HasSubstr(encoded(wrong))));
}

class FilesAccess : public Access {
 protected:
  std::string fileOf(const std::string& what) {
    std::string sandbox = ended()["instances"][0]["sandbox_directory"];
    if (what.find("browse") == what.npos) sandbox += "/stdout";
    return what + "?path=" + http::percentEncode(sandbox);
  }
};

TEST_F(FilesAccess, IsAsTheTableSays) {
  system.start();
  EXPECT_EQ(named("The sandboxes"), routesOf(system, "local"));
  for (auto& row : section("The sandboxes")) {
    for (auto& expected : expectations(row.who)) {
      auto answer = ask(system.filesUrl(), fileOf(row.what), nullptr, expected.credentials);
      compare(row, expected, answer.status, answer.body);
    }
  }
}

TEST_F(FilesAccess, WithAuthenticationIsForUsers) {
  system.editConfig("http: {  }", "http: { auth: " + basic() + " }");
  system.start();
  for (auto& row : section("The sandboxes")) {
    for (auto& expected : expectations("user")) {
      auto answer = ask(system.filesUrl(), fileOf(row.what), nullptr, expected.credentials);
      compare(row, expected, answer.status, answer.body);
    }
  }
}

TEST_F(Access, OfTheHostIsAsTheTableSays) {
  system.start();
  std::set<std::string> served;
  std::string code = source("host/admin/status-server.cpp");
  std::regex route("router\\.on\\(\\s*\"(\\w+)\", \"([^\"]+)\"");
  for (std::sregex_iterator at(code.begin(), code.end(), route), end; at != end; ++at) {
    served.insert((*at)[1].str() + " " + (*at)[2].str());
  }
  EXPECT_EQ(named("The host"), served);
  for (auto& row : section("The host")) {
    for (auto& expected : expectations(row.who)) {
      auto answer = ask(system.hostUrl(), row.what, nullptr, expected.credentials);
      compare(row, expected, answer.status, answer.body);
    }
  }
}

// --- The admin socket ---

class SocketAccess : public Access {
 protected:
  static std::set<std::string> methods() {
    std::set<std::string> names{"maitred ctl store"};   // asks, as `ctl ask` does
    for (auto method : capnp::Schema::from<admin::Admin>().getMethods()) {
      std::string name = "maitred ctl ";
      for (char c : std::string(method.getProto().getName().cStr())) {
        if (std::isupper(c)) name += '-';
        name += static_cast<char>(std::tolower(c));
      }
      // Asked by `ctl support` only, which goes on without them.
      if (name != "maitred ctl recent-log" && name != "maitred ctl mask") names.insert(name);
    }
    return names;
  }
  std::vector<std::string> wordsOf(const std::string& command) {
    static const std::map<std::string, std::vector<std::string>> more = {
        {"drain", {"local"}},    {"restart", {"local"}},          {"log-level", {"host"}},
        {"ask", {"cook", "routes"}}, {"store", {"list", "cook"}}};
    std::vector<std::string> words{command.substr(command.rfind(' ') + 1)};
    auto found = more.find(words[0]);
    if (found != more.end()) words.insert(words.end(), found->second.begin(), found->second.end());
    return words;
  }
  // The same command under another account, with every file on the way made reachable for it.
  Outcome asStranger(std::vector<std::string> words) {
    std::vector<std::string> all{"/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                                 "--clear-groups", "--",
                                 std::string(std::getenv("MAITRED_BINARY_DIR")) + "/bin/maitred",
                                 "ctl"};
    all.insert(all.end(), words.begin(), words.end());
    all.insert(all.end(), {"--socket", at("state/admin.sock")});
    return run(all);
  }
};

TEST_F(SocketAccess, IsAsTheTableSays) {
  system.start();
  EXPECT_EQ(named("The admin socket"), methods());
  struct stat facts;
  ASSERT_EQ(stat(at("state/admin.sock").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(facts.st_uid, geteuid());
  if (geteuid() == 0) {   // nobody else can take another account
    chmod(system.folder().c_str(), 0755);
    chmod(at("state").c_str(), 0755);
    chmod(at("state/admin.sock").c_str(), 0666);
    for (auto& row : section("The admin socket")) {
      EXPECT_NE(asStranger(wordsOf(row.what)).exitCode, 0) << row.what;
    }
    EXPECT_THAT(system.log(), HasSubstr("admin socket: user 65534 was refused"));
  }
  for (auto& row : section("The admin socket")) {
    EXPECT_EQ(row.who, "account") << row.what;
    auto outcome = system.ctl(wordsOf(row.what));
    EXPECT_EQ(outcome.exitCode, 0) << row.what << ": " << outcome.out;
  }
}

// --- The commands ---

TEST_F(QueueAccess, OfTheCommandsIsAsTheTableSays) {
  system.start();
  std::set<std::string> commands;
  for (auto command : cook::MANIFEST->getCommands()) {
    commands.insert(std::string("maitred cook ") + command.getName().cStr());
  }
  for (const char* offline : {"case", "replay", "policy-eval"}) {
    EXPECT_EQ(commands.erase(std::string("maitred cook ") + offline), 1u) << offline;
  }
  EXPECT_EQ(named("Commands of the queue"), commands);
  auto wordsOf = [&](const std::string& command) -> std::vector<std::string> {
    std::string name = command.substr(command.rfind(' ') + 1), done = ended()["uuid"];
    if (name == "submit") return {name, "true"};
    static const std::set<std::string> ofOneJob{"show", "wait", "logs", "report", "explain"};
    if (ofOneJob.contains(name)) return {name, done};
    if (name == "kill") return {name, submitted("sleep 20")};
    if (name == "retry") return {name, submitted("sleep 20"), "--more", "1"};
    if (name == "usage" || name == "share" || name == "quota") return {name, "ana"};
    return {name};
  };
  for (auto& row : section("Commands of the queue")) {
    for (auto& expected : expectations(row.who)) {
      auto words = wordsOf(row.what);
      words.insert(words.begin(), "cook");
      if (!expected.credentials.empty()) {
        words.insert(words.end(), {"--basic", at(expected.label + ".basic")});
      }
      auto outcome = system.maitred(words);
      EXPECT_EQ(outcome.exitCode == 0, expected.status == 200)
          << row.what << " with credentials: " << expected.label << "\n" << outcome.out;
    }
  }
}

}  // namespace
}  // namespace maitred::e2e
