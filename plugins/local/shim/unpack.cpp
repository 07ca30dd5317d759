#include "fetch.h"

#include <array>
#include <memory>

#include <archive.h>
#include <archive_entry.h>

namespace maitred::local {

namespace {

// Nothing outside of the folder, no set-uid bits, no foreign owners.
constexpr int HOW = ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                    ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;

struct Free {
  void operator()(archive* a) const { archive_free(a); }
};
using Archive = std::unique_ptr<archive, Free>;

std::string fault(const Archive& a, const std::string& file) {
  const char* text = archive_error_string(a.get());
  return "cannot unpack " + file + ": " + (text != nullptr ? text : "damaged");
}

}  // namespace

bool isArchiveName(std::string_view name) {
  static constexpr std::array<std::string_view, 10> ENDS = {".tar",  ".tar.gz", ".tgz", ".tar.bz2",
                                                            ".tbz2", ".tar.xz", ".txz", ".tar.zst",
                                                            ".zip",  ".jar"};
  for (auto end : ENDS) {
    if (name.size() > end.size() && name.substr(name.size() - end.size()) == end) return true;
  }
  return false;
}

std::string unpack(const std::string& file, uint64_t bytesMax) {
  Archive in(archive_read_new());
  archive_read_support_filter_all(in.get());
  archive_read_support_format_all(in.get());
  if (archive_read_open_filename(in.get(), file.c_str(), 1 << 16) != ARCHIVE_OK)
    return fault(in, file);
  Archive out(archive_write_disk_new());
  archive_write_disk_set_options(out.get(), HOW);
  for (;;) {
    archive_entry* entry;
    int code = archive_read_next_header(in.get(), &entry);
    if (code == ARCHIVE_EOF) return {};
    if (code < ARCHIVE_WARN) return fault(in, file);
    archive_entry_set_perm(entry, archive_entry_perm(entry) & 0777);
    if (archive_write_header(out.get(), entry) < ARCHIVE_WARN) return fault(out, file);
    const void* block;
    size_t size;
    la_int64_t offset;
    while ((code = archive_read_data_block(in.get(), &block, &size, &offset)) == ARCHIVE_OK) {
      // Small archives can hold endless zeros.
      if (size > bytesMax) return "cannot unpack " + file + ": larger than uri.bytes_max allows";
      bytesMax -= size;
      if (archive_write_data_block(out.get(), block, size, offset) < ARCHIVE_WARN) {
        return fault(out, file);
      }
    }
    if (code != ARCHIVE_EOF) return fault(in, file);
    if (archive_write_finish_entry(out.get()) < ARCHIVE_WARN) return fault(out, file);
  }
}

}  // namespace maitred::local
