#pragma once
// SHA-256 over several texts, each with its length, so that no two lists of texts look alike.

#include <openssl/evp.h>

#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace maitred::lua {

class Digest {
 public:
  Digest() : context(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (context == nullptr || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
      throw std::bad_alloc();
  }

  void add(std::string_view text) {
    std::string size = std::to_string(text.size()) + ":";
    EVP_DigestUpdate(context.get(), size.data(), size.size());
    EVP_DigestUpdate(context.get(), text.data(), text.size());
  }

  std::string hex() {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context.get(), bytes, &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      for (int half : {bytes[i] >> 4, bytes[i] & 15}) text += "0123456789abcdef"[half];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context;
};

}  // namespace maitred::lua
