#pragma once
// What the queue's cycles decided by in a run, as case files in memory, and whether it comes out
// again when it is decided anew.

#include <case/case-log.h>
#include <case/framing.h>
#include <case/replay.h>

namespace maitred::simulation {

class Cases {
 public:
  // For one life of the queue. What is under way when it is killed is torn off.
  kj::Own<cook::CaseSink> sink() { return kj::heap<Sink>(files); }

  // Throws cook::CaseDamage.
  cook::ReplayReport replay() const {
    cook::CaseReplay replay({});
    for (std::size_t i = 0; i < files.size(); ++i) {
      replay.add("case file " + std::to_string(i + 1), files[i]);
    }
    return replay.report();
  }

 private:
  std::vector<std::string> files;

  class Sink final : public cook::CaseSink {
   public:
    explicit Sink(std::vector<std::string>& files) : files(files) {}
    kj::Promise<std::uint64_t> write(kj::Vector<cook::Recorder::Message> records, bool begin,
                                     bool) override {
      if (begin) files.push_back(cook::casePreamble());
      for (auto& record : records) cook::appendFrame(files.back(), *record);
      return std::uint64_t{files.back().size()};
    }
    kj::Promise<void> discard() override {
      files.pop_back();
      return kj::READY_NOW;
    }

   private:
    std::vector<std::string>& files;
  };
};

}  // namespace maitred::simulation
