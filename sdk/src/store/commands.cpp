#include <maitred/store-commands.h>

#include <kj/debug.h>
#include <nlohmann/json.hpp>

namespace maitred::store {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& why) {
  kj::throwFatalException(KJ_EXCEPTION(FAILED, kj::str(why.c_str())));
  KJ_UNREACHABLE;
}

json objectIn(kj::StringPtr text) {
  if (text.size() == 0) return json::object();
  auto value = json::parse(text.begin(), text.end(), nullptr, false);
  if (!value.is_object()) refuse("a JSON object is expected");
  return value;
}

std::string stringIn(const json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end()) return "";
  if (!found->is_string()) refuse(std::string("\"") + key + "\" must be a string");
  return found->get<std::string>();
}

std::string fileIn(const json& object) {
  auto file = stringIn(object, "file");
  if (!file.starts_with('/')) refuse("\"file\" must be an absolute path");
  if (file.find('\0') != file.npos) refuse("\"file\" contains a zero byte");
  return file;
}

kj::String output(const json& value) {
  return kj::heapString(value.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
}

}  // namespace

struct StoreCommands::Impl final : private kj::TaskSet::ErrorHandler {
  struct Entry {
    std::string name;
    Store& store;
    Check check;
  };
  // The latest piece of work; kept until the next one, so that its outcome can be asked for.
  struct Task {
    uint64_t number = 0;
    bool over = true;
    std::string what, fault, kept;
    std::vector<std::string> findings;
    std::shared_ptr<Progress> progress;
  };

  std::vector<Entry> entries;
  Task task;
  kj::TaskSet tasks{*this};

  Entry& entryIn(const json& input) {
    auto name = stringIn(input, "store");
    if (entries.empty()) refuse("the store is not open yet: try again");
    if (name.empty()) return entries.front();
    std::string names;
    for (auto& entry : entries) {
      if (entry.name == name) return entry;
      names += (names.empty() ? "" : ", ") + entry.name;
    }
    refuse("there is no store \"" + name + "\" here; there are: " + names);
  }

  json list() const {
    json all = json::array();
    for (const auto& entry : entries) {
      const auto& options = entry.store.options();
      std::string trouble;
      KJ_IF_MAYBE (found, entry.store.degraded()) trouble = found->text;
      all.push_back({{"store", entry.name},
                     {"path", entry.store.path()},
                     {"application", options.application},
                     {"instance", options.instance},
                     {"version", options.migrations.size()},
                     {"replaced", entry.store.replaced()},
                     {"trouble", trouble}});
    }
    return all;
  }

  template <typename Work>
  json begin(std::string what, Work&& work) {
    if (!task.over) refuse(task.what + " is under way: wait until it has ended");
    auto number = task.number + 1;
    task = Task{number, false, std::move(what), "", "", {}, std::make_shared<Progress>()};
    tasks.add(kj::evalNow(work).then([this]() { task.over = true; },
                                     [this](kj::Exception&& fault) {
                                       task.fault = fault.getDescription().cStr();
                                       task.over = true;
                                     }));
    return {{"task", number}};
  }

  json backup(const json& input) {
    auto& entry = entryIn(input);
    auto file = fileIn(input);
    return begin("a backup", [&]() { return entry.store.backup(file, task.progress); });
  }

  json stage(const json& input) {
    auto& entry = entryIn(input);
    auto file = fileIn(input);
    bool other = input.value("otherInstance", json(false)) == json(true);
    return begin("a restore", [&]() {
      return entry.store.stageRestore(file, other, task.progress).then([this](std::string kept) {
        task.kept = std::move(kept);
      });
    });
  }

  json check(const json& input) {
    auto& entry = entryIn(input);
    auto keep = [this](std::vector<std::string> found) {
      for (auto& line : found) task.findings.push_back(std::move(line));
    };
    return begin("a check", [&]() {
      return entry.store.integrity().then([&entry, keep](std::vector<std::string> found) {
        // What a broken file says of jobs and the like means nothing.
        bool sound = found.empty();
        keep(std::move(found));
        if (!sound || !entry.check) return kj::Promise<void>(kj::READY_NOW);
        // A copy: then() would keep a mere reference to a named function.
        return entry.check().then(kj::cp(keep));
      });
    });
  }

  json progress(const json& input) const {
    if (input.value("task", json()) != json(task.number) || task.number == 0) {
      refuse("there is no such task; the instance may have been started anew meanwhile");
    }
    return {{"over", task.over},
            {"fault", task.fault},
            {"findings", task.findings},
            {"kept", task.kept},
            {"done", task.progress->done.load()},
            {"total", task.progress->total.load()}};
  }

  void taskFailed(kj::Exception&&) override {}  // each one has handled its own fault
};

StoreCommands::StoreCommands() : impl(kj::heap<Impl>()) {}
StoreCommands::~StoreCommands() noexcept(false) {}

void StoreCommands::add(std::string name, Store& store, Check check) {
  impl->entries.push_back({std::move(name), store, std::move(check)});
}

kj::Promise<kj::String> StoreCommands::command(kj::StringPtr name, kj::StringPtr input) {
  return kj::evalNow([&]() -> kj::Promise<kj::String> {
    auto given = objectIn(input);
    if (name == "store-list") return output(impl->list());
    if (name == "store-backup") return output(impl->backup(given));
    if (name == "store-check") return output(impl->check(given));
    if (name == "store-stage") return output(impl->stage(given));
    if (name == "store-task") return output(impl->progress(given));
    return KJ_EXCEPTION(UNIMPLEMENTED, "there is no such command", name);
  });
}

}  // namespace maitred::store
