#pragma once
// The records of a case file for people and programs.

#include "reader.h"

#include <nlohmann/json.hpp>

#include <string>

namespace maitred::cook {

// All that the record says, by the names of case.capnp: texts and ids as such, absent structs and
// lists left out.
nlohmann::ordered_json caseJson(casefile::Record::Reader record, const CaseTexts& texts);

// A line or more, without the last line break. `before`: of jobs and nodes that were told earlier.
class CaseText {
 public:
  std::string of(casefile::Record::Reader record, const CaseTexts& texts);

 private:
  std::unordered_map<std::uint64_t, std::string> jobs;   // by order: id and user
  std::unordered_map<std::uint64_t, std::string> nodes;  // by number: name

  void learn(casefile::Changes::Reader changes, const CaseTexts& texts);
  std::string cycle(casefile::Cycle::Reader cycle, const CaseTexts& texts);
};

}  // namespace maitred::cook
