// The archive of a Bundle, written by libarchive.

#include "bundle.h"
#include "host/cli/command.h"

#include <maitred/late-library.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

namespace maitred::host::cli {

namespace {

static_assert(ARCHIVE_VERSION_NUMBER / 1'000'000 == 3, "libarchive.so.13");

// As archive.h and archive_entry.h declare them, without the prefix.
struct Functions {
  Functions() {
    LateLibrary library("libarchive.so.13");
    library.find(write_new, "archive_write_new");
    library.find(set_format_pax_restricted, "archive_write_set_format_pax_restricted");
    library.find(add_filter_gzip, "archive_write_add_filter_gzip");
    library.find(write_open_fd, "archive_write_open_fd");
    library.find(write_header, "archive_write_header");
    library.find(write_data, "archive_write_data");
    library.find(write_close, "archive_write_close");
    library.find(write_free, "archive_write_free");
    library.find(error_string, "archive_error_string");
    library.find(entry_new, "archive_entry_new");
    library.find(entry_free, "archive_entry_free");
    library.find(entry_set_pathname, "archive_entry_set_pathname");
    library.find(entry_set_size, "archive_entry_set_size");
    library.find(entry_set_filetype, "archive_entry_set_filetype");
    library.find(entry_set_perm, "archive_entry_set_perm");
    library.find(entry_set_mtime, "archive_entry_set_mtime");
  }
  decltype(archive_write_new)* write_new;
  decltype(archive_write_set_format_pax_restricted)* set_format_pax_restricted;
  decltype(archive_write_add_filter_gzip)* add_filter_gzip;
  decltype(archive_write_open_fd)* write_open_fd;
  decltype(archive_write_header)* write_header;
  decltype(archive_write_data)* write_data;
  decltype(archive_write_close)* write_close;
  decltype(archive_write_free)* write_free;
  decltype(archive_error_string)* error_string;
  decltype(archive_entry_new)* entry_new;
  decltype(archive_entry_free)* entry_free;
  decltype(archive_entry_set_pathname)* entry_set_pathname;
  decltype(archive_entry_set_size)* entry_set_size;
  decltype(archive_entry_set_filetype)* entry_set_filetype;
  decltype(archive_entry_set_perm)* entry_set_perm;
  decltype(archive_entry_set_mtime)* entry_set_mtime;
};

const Functions& library() {
  try {
    static const Functions functions;
    return functions;
  } catch (const std::runtime_error& fault) {
    throw Failure{std::string("libarchive cannot be loaded: ") + fault.what()};
  }
}

class TarGz {
 public:
  explicit TarGz(int fd) : out(library().write_new()) {
    library().set_format_pax_restricted(out.get());
    require(library().add_filter_gzip(out.get()));
    require(library().write_open_fd(out.get(), fd));
  }

  void add(const std::string& path, const std::string& text) {
    std::unique_ptr<archive_entry, decltype(library().entry_free)> entry(library().entry_new(),
                                                                         library().entry_free);
    library().entry_set_pathname(entry.get(), path.c_str());
    library().entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
    library().entry_set_filetype(entry.get(), AE_IFREG);
    library().entry_set_perm(entry.get(), 0600);
    library().entry_set_mtime(entry.get(), std::time(nullptr), 0);
    require(library().write_header(out.get(), entry.get()));
    if (library().write_data(out.get(), text.data(), text.size()) != la_ssize_t(text.size())) {
      require(ARCHIVE_FATAL);
    }
  }
  void close() { require(library().write_close(out.get())); }

 private:
  void require(int code) {
    if (code == ARCHIVE_OK) return;
    const char* text = library().error_string(out.get());
    throw Failure{std::string("cannot write the archive: ") + (text != nullptr ? text : "?")};
  }

  struct Free {
    void operator()(archive* a) const { library().write_free(a); }
  };
  std::unique_ptr<archive, Free> out;
};

// A file that gets its name when it is complete.
class NewFile {
 public:
  explicit NewFile(std::string given) : path(std::move(given)), part(path + ".part") {
    if (access(path.c_str(), F_OK) == 0) {
      throw Failure{path + " is there already; name another file with --output"};
    }
    unlink(part.c_str());  // of a run that was cut off
    fd = open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) throw Failure{"cannot write " + path + ": " + strerror(errno)};
  }
  ~NewFile() {
    close(fd);
    unlink(part.c_str());
  }
  NewFile(const NewFile&) = delete;

  int descriptor() const { return fd; }
  // link() rather than rename(): it does not replace what came meanwhile.
  void publish() {
    if (fsync(fd) != 0 || link(part.c_str(), path.c_str()) != 0) {
      throw Failure{"cannot write " + path + ": " + strerror(errno)};
    }
  }

 private:
  std::string path, part;
  int fd = -1;
};

}  // namespace

void writeArchive(const std::map<std::string, std::string>& texts, const std::string& top,
                  const std::string& file) {
  NewFile out(file);
  TarGz tar(out.descriptor());
  for (const auto& [name, text] : texts) tar.add(top + "/" + name, text);
  tar.close();
  out.publish();
}

}  // namespace maitred::host::cli
