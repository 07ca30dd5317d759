#pragma once
// Consumer: attaches to a Backend under test, keeps what it is told, and fails the trial for what
// no batch may show: gaps in the cursors, batches that are too large.

#include "life.h"

#include <maitred/backend/types.h>

#include <functional>
#include <map>
#include <memory>

namespace maitred::host::conform {

class Consumer {
 public:
  Consumer(Trial& trial, Life& life, backend::Backend::Client provider, std::string name,
           uint64_t fence);
  ~Consumer() noexcept(false);
  KJ_DISALLOW_COPY(Consumer);

  void attach();
  bool tryAttach();  // false if it is refused
  void expect(const std::string& taskId, backend::ExpectedPhase phase);
  void begin();
  void untilSnapshot();
  bool isFenced();  // whether calls on the session fail

  static constexpr const char* refusedTask = "conform-refused";
  struct Launch {
    std::string taskId = refusedTask;
    std::string nodeId = "";  // empty: the first that was shown
    uint64_t epochAhead = 0;
    bool validSpec = true;
  };
  // Fails unless the launch is refused for that reason, with a message.
  void expectRefusal(Launch launch, backend::RefusalReason reason);
  // Of `true`, on a ready node. "" = accepted, "already known", or reason and message of a refusal.
  std::string launch(const std::string& taskId);
  void kill(const std::string& taskId);

  backend::TaskState untilState(const std::string& taskId);  // the first that comes
  backend::TaskState untilEnd(const std::string& taskId);
  bool heardOf(const std::string& taskId) const;
  const std::map<std::string, backend::NodeFacts>& nodes() const;

 private:
  class Observing;
  struct Seen;
  struct Answer {
    bool accepted = false, known = false;
    backend::RefusalReason reason = backend::RefusalReason::UNSPECIFIED;
    std::string message;
  };
  Answer place(const Launch& launch);
  void until(const std::string& what, const std::function<bool()>& condition);
  backend::Session::Client& current();
  std::string readyNode() const;

  Trial& trial;
  Life& life;
  backend::Backend::Client provider;
  std::string name;
  uint64_t fence;
  uint64_t epoch = 0;
  std::shared_ptr<Seen> seen;
  kj::Maybe<backend::Session::Client> session;
};

}  // namespace maitred::host::conform
