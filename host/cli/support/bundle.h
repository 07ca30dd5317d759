#pragma once
// Bundle: what goes into a support archive. Named texts, bounded in size, each without secrets.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::host::cli {

class Bundle {
 public:
  // Takes the secrets out of a text of at most `pieceBytes`. May throw Failure: then the text is
  // left out, since nobody could look through it.
  using Mask = std::function<std::string(std::string_view)>;
  static constexpr size_t pieceBytes = 512 << 10;
  static constexpr size_t textBytes = 2 << 20;    // of one text; more is cut
  static constexpr size_t totalBytes = 32 << 20;  // of all; what comes later is left out

  enum class Keep { beginning, end };

  explicit Bundle(Mask mask) : mask(std::move(mask)) {}

  // `name` is a relative path of our own making. A text that is too long keeps the named part, from
  // or to a line break, with a mark in the place of the rest.
  void add(const std::string& name, std::string_view text, Keep keep = Keep::beginning);
  // Does the work and adds what it returns; a Failure, or another exception, is noted instead.
  void add(const std::string& name, const std::function<std::string()>& work);
  // Something that should be there and is not, and why.
  void missing(const std::string& name, const std::string& why);

  // By name.
  const std::map<std::string, std::string>& texts() const { return kept; }
  const std::vector<std::string>& notes() const { return left; }

 private:
  std::string maskedWhole(std::string_view text) const;

  Mask mask;
  std::map<std::string, std::string> kept;
  std::vector<std::string> left;
  size_t size = 0;
};

// Writes them as a compressed tar archive, below the folder `top`, into a new file of mode 0600,
// which appears under its name when it is complete. Throws Failure if the file is there already or
// cannot be written.
void writeArchive(const std::map<std::string, std::string>& texts, const std::string& top,
                  const std::string& file);

}  // namespace maitred::host::cli
