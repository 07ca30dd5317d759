#include "fetch.h"

#include <maitred/late-library.h>

#include "posix.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

// Its macros check the arguments of the functions by name; ours are called through pointers.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

namespace {

bool startsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// An open file that counts what goes into it.
struct Sink {
  int fd = -1;
  uint64_t left = 0;
  std::string fault;

  bool take(const char* bytes, size_t size) {
    if (size > left) {
      fault = "larger than uri.bytes_max allows";
      return false;
    }
    left -= size;
    while (size > 0) {
      ssize_t n = write(fd, bytes, size);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        fault = errnoText("cannot write it into the sandbox", errno);
        return false;
      }
      bytes += n;
      size -= size_t(n);
    }
    return true;
  }
};

size_t onBytes(char* bytes, size_t one, size_t count, void* sink) {
  return static_cast<Sink*>(sink)->take(bytes, one * count) ? one * count : 0;
}

static_assert(LIBCURL_VERSION_MAJOR == 7 || LIBCURL_VERSION_MAJOR == 8, "libcurl.so.4");

struct Curl {
  Curl() {
    LateLibrary library("libcurl.so.4");
    library.find(globalInit, "curl_global_init");
    library.find(init, "curl_easy_init");
    library.find(set, "curl_easy_setopt");
    library.find(perform, "curl_easy_perform");
    library.find(cleanup, "curl_easy_cleanup");
    library.find(textOf, "curl_easy_strerror");
    globalInit(CURL_GLOBAL_DEFAULT);
  }
  decltype(curl_global_init)* globalInit;
  decltype(curl_easy_init)* init;
  CURLcode (*set)(CURL*, CURLoption, ...);
  decltype(curl_easy_perform)* perform;
  decltype(curl_easy_cleanup)* cleanup;
  decltype(curl_easy_strerror)* textOf;
};

std::string download(const std::string& url, Sink& sink, FetchLimits::Reader limits) {
  static const Curl curl;
  CURL* transfer = curl.init();
  if (transfer == nullptr) return "cannot start a transfer";
  char text[CURL_ERROR_SIZE] = "";
  curl.set(transfer, CURLOPT_URL, url.c_str());
  curl.set(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
  curl.set(transfer, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl.set(transfer, CURLOPT_FOLLOWLOCATION, 1L);
  curl.set(transfer, CURLOPT_MAXREDIRS, 10L);
  curl.set(transfer, CURLOPT_FAILONERROR, 1L);
  curl.set(transfer, CURLOPT_NOSIGNAL, 1L);
  curl.set(transfer, CURLOPT_USERAGENT, "maitred");
  curl.set(transfer, CURLOPT_TIMEOUT_MS, long(limits.getTimeoutMs()));
  if (limits.getCaFile().size() > 0) {   // and no others
    curl.set(transfer, CURLOPT_CAINFO, limits.getCaFile().cStr());
    curl.set(transfer, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  curl.set(transfer, CURLOPT_ERRORBUFFER, text);
  curl.set(transfer, CURLOPT_WRITEFUNCTION, &onBytes);
  curl.set(transfer, CURLOPT_WRITEDATA, &sink);
  CURLcode code = curl.perform(transfer);
  curl.cleanup(transfer);
  if (code == CURLE_OK) return {};
  if (!sink.fault.empty()) return sink.fault;
  return text[0] != 0 ? text : curl.textOf(code);
}

std::string copy(const std::string& path, Sink& sink) {
  int raw = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (raw < 0) return errnoText("cannot read it", errno);
  kj::AutoCloseFd fd(raw);
  struct stat facts;
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return "not a regular file";
  static char buffer[1 << 16];
  ssize_t n;
  while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
    if (!sink.take(buffer, size_t(n))) return sink.fault;
  }
  return n < 0 ? errnoText("cannot read it", errno) : std::string();
}

void makeParents(const std::string& path) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0755);
  }
}

std::string fetchOne(backend::Uri::Reader uri, FetchLimits::Reader limits) {
  std::string location(uri.getLocation().cStr());
  std::string name = uri.getOutputFile().size() > 0 ? std::string(uri.getOutputFile().cStr())
                                                    : fileNameOf(location);
  if (name.empty()) return "it names no file";
  makeParents(name);
  int raw = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (raw < 0) return errnoText("cannot make " + name, errno);
  kj::AutoCloseFd fd(raw);
  Sink sink{fd, limits.getBytesMax(), {}};
  std::string fault;
  if (startsWith(location, "http://") || startsWith(location, "https://")) {
    fault = download(location, sink, limits);
  } else {
    fault = copy(startsWith(location, "file://") ? location.substr(7) : location, sink);
  }
  if (!fault.empty()) return fault;
  if (uri.getExecutable() && fchmod(fd, 0755) != 0)
    return errnoText("cannot make it executable", errno);
  // As Mesos does: what is no archive by its name is simply kept.
  if (uri.getExtract() && !uri.getExecutable() && isArchiveName(name)) {
    return unpack(name, limits.getBytesMax());
  }
  return {};
}

}  // namespace

std::string fileNameOf(std::string_view location) {
  if (size_t scheme = location.find("://"); scheme != std::string_view::npos) {
    location.remove_prefix(scheme + 3);
    location = location.substr(0, location.find_first_of("?#"));
  }
  size_t slash = location.rfind('/');
  std::string_view name = slash == std::string_view::npos ? "" : location.substr(slash + 1);
  return name == "." || name == ".." ? std::string() : std::string(name);
}

std::string fetchUris(capnp::List<backend::Uri>::Reader uris, FetchLimits::Reader limits) {
  for (auto uri : uris) {
    std::string fault;
    try {
      fault = fetchOne(uri, limits);
    } catch (const std::runtime_error& notLoaded) {
      fault = notLoaded.what();
    }
    if (!fault.empty())
      return "cannot fetch " + std::string(uri.getLocation().cStr()) + ": " + fault;
  }
  return {};
}

}  // namespace maitred::local
