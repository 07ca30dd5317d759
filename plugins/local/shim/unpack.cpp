#include "fetch.h"

#include <maitred/late-library.h>

#include <array>
#include <memory>

#include <archive.h>
#include <archive_entry.h>

namespace maitred::local {

namespace {

// Nothing outside of the folder, no set-uid bits, no foreign owners.
constexpr int HOW = ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                    ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;

static_assert(ARCHIVE_VERSION_NUMBER / 1'000'000 == 3, "libarchive.so.13");

// As archive.h and archive_entry.h declare them, without the prefix.
struct Functions {
  Functions() {
    LateLibrary library("libarchive.so.13");
    library.find(read_new, "archive_read_new");
    library.find(read_support_filter_all, "archive_read_support_filter_all");
    library.find(read_support_format_all, "archive_read_support_format_all");
    library.find(read_open_filename, "archive_read_open_filename");
    library.find(read_next_header, "archive_read_next_header");
    library.find(read_data_block, "archive_read_data_block");
    library.find(write_disk_new, "archive_write_disk_new");
    library.find(write_disk_set_options, "archive_write_disk_set_options");
    library.find(write_header, "archive_write_header");
    library.find(write_data_block, "archive_write_data_block");
    library.find(write_finish_entry, "archive_write_finish_entry");
    library.find(entry_perm, "archive_entry_perm");
    library.find(entry_set_perm, "archive_entry_set_perm");
    library.find(error_string, "archive_error_string");
    library.find(free, "archive_free");
  }
  decltype(archive_read_new)* read_new;
  decltype(archive_read_support_filter_all)* read_support_filter_all;
  decltype(archive_read_support_format_all)* read_support_format_all;
  decltype(archive_read_open_filename)* read_open_filename;
  decltype(archive_read_next_header)* read_next_header;
  decltype(archive_read_data_block)* read_data_block;
  decltype(archive_write_disk_new)* write_disk_new;
  decltype(archive_write_disk_set_options)* write_disk_set_options;
  decltype(archive_write_header)* write_header;
  decltype(archive_write_data_block)* write_data_block;
  decltype(archive_write_finish_entry)* write_finish_entry;
  decltype(archive_entry_perm)* entry_perm;
  decltype(archive_entry_set_perm)* entry_set_perm;
  decltype(archive_error_string)* error_string;
  decltype(archive_free)* free;
};

const Functions& library() {
  static const Functions functions;
  return functions;
}

struct Free {
  void operator()(archive* a) const { library().free(a); }
};
using Archive = std::unique_ptr<archive, Free>;

std::string fault(const Archive& a, const std::string& file) {
  const char* text = library().error_string(a.get());
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
  auto& lib = library();
  Archive in(lib.read_new());
  lib.read_support_filter_all(in.get());
  lib.read_support_format_all(in.get());
  if (lib.read_open_filename(in.get(), file.c_str(), 1 << 16) != ARCHIVE_OK) return fault(in, file);
  Archive out(lib.write_disk_new());
  lib.write_disk_set_options(out.get(), HOW);
  for (;;) {
    archive_entry* entry;
    int code = lib.read_next_header(in.get(), &entry);
    if (code == ARCHIVE_EOF) return {};
    if (code < ARCHIVE_WARN) return fault(in, file);
    lib.entry_set_perm(entry, lib.entry_perm(entry) & 0777);
    if (lib.write_header(out.get(), entry) < ARCHIVE_WARN) return fault(out, file);
    const void* block;
    size_t size;
    la_int64_t offset;
    while ((code = lib.read_data_block(in.get(), &block, &size, &offset)) == ARCHIVE_OK) {
      // Small archives can hold endless zeros.
      if (size > bytesMax) return "cannot unpack " + file + ": larger than uri.bytes_max allows";
      bytesMax -= size;
      if (lib.write_data_block(out.get(), block, size, offset) < ARCHIVE_WARN) {
        return fault(out, file);
      }
    }
    if (code != ARCHIVE_EOF) return fault(in, file);
    if (lib.write_finish_entry(out.get()) < ARCHIVE_WARN) return fault(out, file);
  }
}

}  // namespace maitred::local
