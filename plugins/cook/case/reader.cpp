#include "reader.h"

#include "files.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace maitred::cook {
namespace {

// A record takes that much when it is unpacked, at most; more is not ours.
constexpr capnp::ReaderOptions LIMITS{.traversalLimitInWords = 32 << 20, .nestingLimit = 16};
constexpr std::uintmax_t FILE_MOST = std::uintmax_t{4} << 30;  // bytes

}  // namespace

const std::string& CaseTexts::at(std::uint32_t number) const {
  if (number >= texts.size()) {
    throw CaseDamage("names text " + std::to_string(number) + ", but " +
                     std::to_string(texts.size() - 1) + " are known");
  }
  return texts[number];
}

void CaseTexts::add(capnp::List<capnp::Text>::Reader more) {
  for (capnp::Text::Reader text : more) texts.emplace_back(text.begin(), text.size());
}

CaseReader::CaseReader(std::string nameIn, std::string bytesIn)
    : name_(std::move(nameIn)), bytes(std::move(bytesIn)), frames(name_, bytes) {}

bool CaseReader::next() {
  auto found = frames.next();
  if (!found) return false;
  frame = *found;
  try {
    auto body = kj::arrayPtr(reinterpret_cast<const kj::byte*>(frame.body.data()),
                             frame.body.size());
    message = nullptr;
    stream = std::make_unique<kj::ArrayInputStream>(body);
    message = std::make_unique<capnp::PackedMessageReader>(*stream, LIMITS);
    texts_.add(record().getTexts());
  } catch (const kj::Exception& exception) {
    throw CaseDamage(place() + " cannot be read: " + exception.getDescription().cStr());
  }
  return true;
}

std::vector<std::string> caseFilesAt(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (caseFileNumber(entry.path().filename().string())) found.push_back(entry.path().string());
  }
  if (error) throw CaseDamage(path + ": cannot be read: " + error.message());
  if (found.empty()) throw CaseDamage(path + ": there is no case file in this folder");
  std::sort(found.begin(), found.end());
  return found;
}

std::string readCaseFile(const std::string& path) {
  std::error_code error;
  auto size = std::filesystem::file_size(path, error);
  if (error) throw CaseDamage(path + ": cannot be read: " + error.message());
  if (size > FILE_MOST) throw CaseDamage(path + ": has more than 4 GiB, which no case file has");
  std::ifstream file(path, std::ios::binary);
  std::string bytes(size, 0);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size)) && file.gcount() == 0 &&
      size != 0) {
    throw CaseDamage(path + ": cannot be read: " + std::strerror(errno));
  }
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace maitred::cook
