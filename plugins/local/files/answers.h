#pragma once
// The JSON that readers of a sandbox get, in bounded memory whatever lies there.

#include "sandbox-files.h"

#include <string>
#include <string_view>
#include <vector>

namespace maitred::local {

// {"data": …, "offset": …}. Of the data as much as fits into `most` bytes, but at least its first
// 64 KiB, and no part of a character where it is cut. What is no UTF-8 is replaced.
std::string readAnswer(std::string_view data, uint64_t offset, size_t most);

// How much of it is left without a character at its end that is not complete; all of it where
// nothing else would be left.
size_t wholeCharacters(std::string_view data);

// The list of a folder's entries; those that do not fit into 16 MiB are left out.
std::string browseAnswer(const std::string& sandbox, const std::vector<FileFacts>& entries);

}  // namespace maitred::local
