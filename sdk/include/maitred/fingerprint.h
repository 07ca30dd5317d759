#pragma once
// What must be equal for two binaries to share KJ objects: KJ's symbols carry no versions, so this
// text is compared instead. It also stands in the ELF note (type 2) of every plugin, written there
// by MAITRED_PLUGIN().

#include <capnp/common.h>

#include <cstddef>  // brings in the standard library's configuration macros

#define MAITRED_FINGERPRINT_STRING_(x) #x
#define MAITRED_FINGERPRINT_STRING(x) MAITRED_FINGERPRINT_STRING_(x)

#if defined(__SANITIZE_ADDRESS__)
#define MAITRED_FINGERPRINT_SANITIZER "address"
#elif defined(__SANITIZE_THREAD__)
#define MAITRED_FINGERPRINT_SANITIZER "thread"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MAITRED_FINGERPRINT_SANITIZER "address"
#elif __has_feature(thread_sanitizer)
#define MAITRED_FINGERPRINT_SANITIZER "thread"
#endif
#endif
#ifndef MAITRED_FINGERPRINT_SANITIZER
#define MAITRED_FINGERPRINT_SANITIZER "none"
#endif

#if defined(_GLIBCXX_RELEASE)
#define MAITRED_FINGERPRINT_STDLIB \
  "libstdc++-cxx11abi" MAITRED_FINGERPRINT_STRING(_GLIBCXX_USE_CXX11_ABI)
#else
#define MAITRED_FINGERPRINT_STDLIB "other"
#endif

// For example "capnp=9002 stdlib=libstdc++-cxx11abi1 cxxabi=itanium sanitizer=none".
#define MAITRED_KJ_FINGERPRINT \
  "capnp=" MAITRED_FINGERPRINT_STRING(CAPNP_VERSION_MAJOR) "." MAITRED_FINGERPRINT_STRING( \
      CAPNP_VERSION_MINOR) "." MAITRED_FINGERPRINT_STRING(CAPNP_VERSION_MICRO)             \
  " stdlib=" MAITRED_FINGERPRINT_STDLIB " cxxabi=itanium sanitizer=" MAITRED_FINGERPRINT_SANITIZER

// Writes the fingerprint into a note section of the object that uses it.
#define MAITRED_FINGERPRINT_NOTE                             \
  __asm__(                                                   \
      ".pushsection .note.maitred.fingerprint,\"a\",@note\n" \
      ".balign 4\n"                                          \
      ".long 8\n"                                            \
      ".long 2f - 1f\n"                                      \
      ".long 2\n"                                            \
      ".asciz \"maitred\"\n"                                 \
      "1: .ascii \"" MAITRED_KJ_FINGERPRINT                  \
      "\"\n"                                                 \
      "2: .balign 4\n"                                       \
      ".popsection\n")
