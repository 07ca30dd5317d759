#include "source-texts.h"

#include "names.h"

#include <algorithm>
#include <tuple>

namespace maitred::host {

namespace {

// Byte position of a character, the end if there are fewer.
size_t byteOf(const std::string& line, size_t character) {
  size_t seen = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0) == 0x80) continue;
    if (seen++ == character) return i;
  }
  return line.size();
}

}  // namespace

void SourceTexts::add(const std::string& name, std::string text, std::string folder) {
  if (knows(name)) return;
  if (files.empty()) firstFolder = folder;
  File file{files.size(), {}, std::move(folder), {}};
  size_t start = 0;
  while (start <= text.size()) {
    size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    file.lines.push_back(std::move(line));
    start = end + 1;
  }
  files.emplace(name, std::move(file));
}

size_t SourceTexts::order(const std::string& name) const {
  auto found = files.find(name);
  return found == files.end() ? files.size() : found->second.order;
}

const std::string& SourceTexts::folder(const std::string& name) const {
  auto found = files.find(name);
  return found == files.end() ? firstFolder : found->second.folder;
}

std::optional<std::string> SourceTexts::line(const std::string& name, uint32_t number) const {
  auto found = files.find(name);
  if (found == files.end() || number == 0 || number > found->second.lines.size())
    return std::nullopt;
  return found->second.lines[number - 1];
}

std::optional<std::string> SourceTexts::shownLine(const std::string& name, uint32_t number,
                                                  uint32_t& column) const {
  auto text = line(name, number);
  if (!text) return text;
  std::vector<Mask> masks = files.at(name).masks;
  // From the right, so that positions further left stay true.
  std::sort(masks.begin(), masks.end(), [](const Mask& a, const Mask& b) {
    return std::tie(a.line, a.column) > std::tie(b.line, b.column);
  });
  for (const Mask& mask : masks) {
    bool open = mask.endLine == 0;
    if (number < mask.line || (!open && number > mask.endLine)) continue;
    uint32_t first = number == mask.line ? mask.column : 1;
    size_t from = byteOf(*text, first - 1);
    bool last = !open && number == mask.endLine;
    size_t to = last ? byteOf(*text, mask.endColumn - 1) : text->size();
    // The way to the next value: nothing of the secret is in it.
    if (to <= from || text->find_first_not_of(" -{[,", from) >= to) continue;
    auto width =
        static_cast<uint32_t>(countCharacters(std::string_view(*text).substr(from, to - from)));
    std::string stars = last ? "*** " : "***";
    text->replace(from, to - from, stars);
    if (column >= first + width) {
      column = column - width + static_cast<uint32_t>(stars.size());
    } else if (column > first) {
      column = first;
    }
  }
  return text;
}

void SourceTexts::mask(const Location& from, uint32_t endLine, uint32_t endColumn) {
  auto found = files.find(from.file);
  if (found == files.end() || from.line == 0) return;
  if (endLine != 0 && std::tie(endLine, endColumn) <= std::tie(from.line, from.column)) endLine = 0;
  found->second.masks.push_back(
      {from.line, std::max(from.column, 1u), endLine, std::max(endColumn, 1u)});
}

}  // namespace maitred::host
