#include "host/runtime/key-values.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <kj/debug.h>
#include <kj/io.h>
#include <maitred/offload.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>
#include <set>

namespace maitred::host {
namespace {

// A file: magic, fence, length of the key, key, value.
constexpr char magic[8] = {'m', 't', 'd', 's', 't', 'a', 't', '1'};
struct Header {
  char magic[8];
  uint64_t fence;
  uint64_t keySize;
};
// Holds the highest fence even when its key was removed; an empty key is not allowed to others.
const char fenceFile[] = "fence";

void syncFolder(const std::string& folder) {
  int fd;
  KJ_SYSCALL(fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder);
  kj::AutoCloseFd closer(fd);
  KJ_SYSCALL(fsync(fd), folder);
}

// One at a time in this process, whatever the folder. A life that has ended may have left a write
// on the pool: it is over before the next one reads the folder, or it is not done at all.
template <typename Work>
auto inTurnOnDisk(Work&& work) {
  static std::mutex turn;
  std::lock_guard lock(turn);
  return work();
}

// On a pool thread.
void writeFile(const std::string& folder, const std::string& name, uint64_t fence,
               const std::string& key, const std::string& value) {
  std::string path = folder + "/" + name, temporary = path + ".new";
  Header header = {};
  memcpy(header.magic, magic, sizeof magic);
  header.fence = fence;
  header.keySize = key.size();
  std::string content(reinterpret_cast<char*>(&header), sizeof header);
  content += key;
  content += value;
  int fd;
  KJ_SYSCALL(fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
             temporary);
  kj::AutoCloseFd closer(fd);
  kj::FdOutputStream(fd).write(content.data(), content.size());
  KJ_SYSCALL(fsync(fd), temporary);
  KJ_SYSCALL(rename(temporary.c_str(), path.c_str()), path);
  syncFolder(folder);
}

}  // namespace

KeyValues::KeyValues(std::string folder) : KeyValues(folder, contentOf(folder)) {}

KeyValues::KeyValues(std::string folderName, Content content)
    : folder(std::move(folderName)),
      entries(std::move(content.entries)),
      highestFence(content.highestFence),
      last(kj::Promise<void>(kj::READY_NOW).fork()) {}

kj::Promise<kj::Own<KeyValues>> KeyValues::open(std::string folder) {
  return maitred::offload([folder]() { return contentOf(folder); })
      .then(
          [folder](Content&& content) { return kj::heap<KeyValues>(folder, std::move(content)); });
}

KeyValues::~KeyValues() noexcept(false) { *ended = true; }

KeyValues::Content KeyValues::contentOf(const std::string& folder) {
  return inTurnOnDisk([&]() { return readAll(folder); });
}

KeyValues::Content KeyValues::readAll(const std::string& folder) {
  Content content;
  KJ_REQUIRE(mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST,
             "the folder of the host's state cannot be made", folder, strerror(errno));
  DIR* listing = opendir(folder.c_str());
  KJ_REQUIRE(listing != nullptr, "the folder of the host's state cannot be read", folder,
             strerror(errno));
  KJ_DEFER(closedir(listing));
  while (dirent* item = readdir(listing)) {
    std::string name = item->d_name;
    // What a crash left half written was never acknowledged.
    if (name.find(".new") != std::string::npos)
      unlink((folder + "/" + name).c_str());
    else if (name[0] != '.')
      content.read(folder, name);
  }
  return content;
}

void KeyValues::Content::read(const std::string& folder, const std::string& name) {
  std::string path = folder + "/" + name;
  int fd;
  KJ_SYSCALL(fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
  kj::AutoCloseFd closer(fd);
  auto content = kj::FdInputStream(fd).readAllBytes(sizeof(Header) + maxKey + maxValue + 1);
  Header header;
  bool sound = content.size() >= sizeof header;
  if (sound) memcpy(&header, content.begin(), sizeof header);
  sound = sound && memcmp(header.magic, magic, sizeof magic) == 0 &&
          header.keySize <= content.size() - sizeof header && header.keySize <= maxKey;
  KJ_REQUIRE(sound,
             "this file of the host's state is damaged; restore it, or remove it to lose its key",
             path);
  highestFence = kj::max(highestFence, header.fence);
  if (name == fenceFile) return;
  auto* body = reinterpret_cast<const char*>(content.begin()) + sizeof header;
  auto slot = static_cast<uint32_t>(strtoul(name.c_str(), nullptr, 10));
  entries[std::string(body, header.keySize)] = {
      slot, std::string(body + header.keySize, content.size() - sizeof header - header.keySize)};
}

const std::string* KeyValues::find(const std::string& key) const {
  auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second.value;
}

void KeyValues::raiseFence(uint64_t fence) {
  KJ_REQUIRE(fence >= highestFence,
             "a host with a higher fence has written: this one leads no more", fence, highestFence);
  highestFence = fence;
}

uint32_t KeyValues::freeSlot() const {
  std::set<uint32_t> used;
  for (const auto& [key, entry] : entries) used.insert(entry.slot);
  uint32_t slot = 0;
  for (uint32_t taken : used) {
    if (taken != slot) break;
    ++slot;
  }
  return slot;
}

// The work is this object's own and ends with it, whoever waits for it; the turns go on also after
// one that failed.
kj::Promise<void> KeyValues::inTurn(kj::Function<kj::Promise<void>()> work) {
  auto turn = kj::newPromiseAndFulfiller<void>();
  auto done = last.addBranch().then(kj::mv(work)).attach(
      kj::defer([next = kj::mv(turn.fulfiller)]() mutable { next->fulfill(); }));
  last = turn.promise.fork();
  return writes.run(kj::mv(done));
}

kj::Promise<void> KeyValues::put(uint64_t fence, std::string key, std::string value) {
  KJ_REQUIRE(!key.empty() && key.size() <= maxKey, "a key has 1 to 256 bytes", key.size());
  KJ_REQUIRE(value.size() <= maxValue, "a value has at most 64 KiB", value.size());
  return inTurn(
      [this, fence, key = std::move(key), value = std::move(value)]() -> kj::Promise<void> {
        raiseFence(fence);
        auto known = entries.find(key);
        KJ_REQUIRE(known != entries.end() || entries.size() < maxKeys,
                   "an instance has at most 1,000 keys");
        uint32_t slot = known != entries.end() ? known->second.slot : freeSlot();
        return maitred::offload([ended = ended, folder = folder, slot, fence, key, value]() {
                 inTurnOnDisk([&]() {
                   if (!*ended) writeFile(folder, std::to_string(slot), fence, key, value);
                 });
               })
            .then([this, slot, key, value]() {
              entries[key] = {slot, value};
            });
      });
}

kj::Promise<void> KeyValues::remove(uint64_t fence, std::string key) {
  return inTurn([this, fence, key = std::move(key)]() -> kj::Promise<void> {
    raiseFence(fence);
    auto known = entries.find(key);
    if (known == entries.end()) return kj::READY_NOW;
    return maitred::offload([ended = ended, folder = folder, slot = known->second.slot, fence]() {
             inTurnOnDisk([&]() {
               if (*ended) return;
               writeFile(folder, fenceFile, fence, "", "");
               std::string path = folder + "/" + std::to_string(slot);
               KJ_SYSCALL(unlink(path.c_str()), path);
               syncFolder(folder);
             });
           })
        .then([this, key]() { entries.erase(key); });
  });
}

namespace {

class StateServer final : public plugin::State::Server {
 public:
  explicit StateServer(KeyValues& values) : values(values) {}

  kj::Promise<void> get(GetContext context) override {
    auto* value = values.find(context.getParams().getKey().cStr());
    auto out = context.getResults();
    out.setFound(value != nullptr);
    if (value != nullptr) {
      out.setValue(kj::arrayPtr(reinterpret_cast<const kj::byte*>(value->data()), value->size()));
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> put(PutContext context) override {
    auto params = context.getParams();
    auto value = params.getValue();
    return values.put(params.getFence(), params.getKey().cStr(),
                      std::string(reinterpret_cast<const char*>(value.begin()), value.size()));
  }
  kj::Promise<void> remove(RemoveContext context) override {
    auto params = context.getParams();
    return values.remove(params.getFence(), params.getKey().cStr());
  }

 private:
  KeyValues& values;
};

}  // namespace

plugin::State::Client makeState(KeyValues& values) {
  return kj::heap<StateServer>(values);
}

}  // namespace maitred::host
