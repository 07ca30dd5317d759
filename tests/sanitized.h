#pragma once
// Whether this build runs under a sanitizer: then things take ten times as long.

namespace maitred::testing {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool UNDER_ASAN = true;
#else
inline constexpr bool UNDER_ASAN = false;
#endif
#if __has_feature(thread_sanitizer)
inline constexpr bool UNDER_TSAN = true;
#else
inline constexpr bool UNDER_TSAN = false;
#endif
#else
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool UNDER_ASAN = true;
#else
inline constexpr bool UNDER_ASAN = false;
#endif
#if defined(__SANITIZE_THREAD__)
inline constexpr bool UNDER_TSAN = true;
#else
inline constexpr bool UNDER_TSAN = false;
#endif
#endif
inline constexpr bool SANITIZED = UNDER_ASAN || UNDER_TSAN;

}  // namespace maitred::testing
