#pragma once
// CaseReader: the records of one case file, one after the other, with the texts that they name.

#include "framing.h"

#include <core/uuid.h>

#include <case.capnp.h>

#include <capnp/serialize-packed.h>
#include <kj/io.h>

#include <memory>
#include <string>
#include <vector>

namespace maitred::cook {

// The texts of one file by their numbers.
class CaseTexts {
 public:
  // Throws CaseDamage if no record has told it.
  const std::string& at(std::uint32_t number) const;
  void add(capnp::List<capnp::Text>::Reader more);

 private:
  std::vector<std::string> texts{""};
};

class CaseReader {
 public:
  // Throws CaseDamage if it is no case file, or one of a newer format.
  CaseReader(std::string name, std::string bytes);
  CaseReader(const CaseReader&) = delete;

  // Moves to the next record. False: there is none; see torn(). Throws CaseDamage.
  bool next();
  // Of the present record; valid until the next one.
  casefile::Record::Reader record() const { return message->getRoot<casefile::Record>(); }
  const CaseTexts& texts() const { return texts_; }
  // "FILE: record 7 at offset 1234"
  std::string place() const { return frames.place(frame); }
  const std::string& name() const { return name_; }
  // How many bytes at the end are no whole record: the process was killed while it wrote.
  std::size_t torn() const { return frames.torn(); }

  // Calls use() on the present record; whatever it throws becomes a CaseDamage with the place.
  template <typename Use>
  void with(Use&& use) const {
    try {
      use(record());
    } catch (const CaseDamage& damage) {
      throw CaseDamage(place() + ": " + damage.what());
    } catch (const kj::Exception& exception) {
      throw CaseDamage(place() + " cannot be read: " + exception.getDescription().cStr());
    }
  }

 private:
  std::string name_, bytes;
  FrameReader frames;
  FrameReader::Frame frame{};
  CaseTexts texts_;
  std::unique_ptr<kj::ArrayInputStream> stream;
  std::unique_ptr<capnp::PackedMessageReader> message;
};

// The names of the case files that a path stands for: of a folder, all that lie in it, the oldest
// first; else itself. Throws CaseDamage if there is none.
std::vector<std::string> caseFilesAt(const std::string& path);
// The content of a file. Throws CaseDamage.
std::string readCaseFile(const std::string& path);

inline Uuid idOf(casefile::Id::Reader id) {
  return {id.getHigh(), id.getLow()};
}

}  // namespace maitred::cook
