// Any records in a case file: it is replayed and shown, or refused with a text that names the
// place.
//
// Input: bodies of records, each behind its size in two bytes, little-endian. Preamble and
// checksums are put around them here, so that they need not be guessed; an input that begins with
// the magic of a case file is taken as it is.

#include <case/replay.h>
#include <case/show.h>

#include <boost/crc.hpp>

#include <cstdlib>
#include <string_view>

namespace {

using namespace maitred::cook;

void append(std::string& bytes, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(number >> shift));
}

std::uint32_t checksum(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::string framed(std::string_view input) {
  std::string bytes = casePreamble();
  while (input.size() >= 2) {
    std::size_t size = static_cast<unsigned char>(input[0]) +
                       256u * static_cast<unsigned char>(input[1]);
    std::string_view body = input.substr(2, size);
    input.remove_prefix(2 + body.size());
    std::string head;
    append(head, static_cast<std::uint32_t>(body.size()));
    append(head, checksum(body));
    append(head, checksum(head));
    bytes.append(head).append(body);
  }
  return bytes;
}

void show(const std::string& bytes) {
  CaseReader reader("f", bytes);
  CaseText text;
  while (reader.next()) {
    reader.with([&](casefile::Record::Reader record) {
      if (text.of(record, reader.texts()).empty()) std::abort();
      caseJson(record, reader.texts()).dump(-1, ' ', false,
                                            nlohmann::json::error_handler_t::replace);
    });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string bytes = input.starts_with(CASE_MAGIC) ? std::string(input) : framed(input);
  for (bool shows : {false, true}) {
    try {
      if (shows) {
        show(bytes);
      } else {
        CaseReplay replay({});
        replay.add("f", bytes);
      }
    } catch (const CaseDamage& damage) {
      if (!std::string_view(damage.what()).starts_with("f: ")) std::abort();
    }
  }
  return 0;
}
