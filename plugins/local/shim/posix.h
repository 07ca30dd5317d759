#pragma once
// Small things of the operating system that shim, spawner and plugin share. All are safe in a
// forked child: no threads, no name service, no global state.

#include <kj/io.h>
#include <kj/string.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace maitred::local {

// Wall clock, unix nanoseconds. Statuses carry this.
int64_t unixNow();

// CLOCK_BOOTTIME in milliseconds: limits go on counting while the machine sleeps, and no one can
// set it back.
int64_t steadyMs();

// Field 22 of /proc/<pid>/stat, clock ticks since boot: together with the pid it names one process
// for ever. Nothing where the process is gone (a zombie still has it).
std::optional<uint64_t> processStart(pid_t pid);

// Names this boot of the machine; empty where the kernel does not say.
std::string bootId();

// The whole file, at most `max` bytes of it. Nothing where it cannot be opened; errno says why.
std::optional<std::string> readSmallFile(int folder, const char* name, size_t max = 1 << 20);

// Opens what is below the folder part by part, through no link at all and not upwards (EXDEV). -1
// with errno set on failure.
int openWithoutLinks(int folder, const std::string& path, int flags);

// Writes in one go (for /sys and /proc); false with errno set on failure.
bool writeControl(const std::string& path, std::string_view value);

// `name` in `folder` appears with all of the bytes or not at all. False with errno set on failure.
bool writeWhole(int folder, const char* name, kj::ArrayPtr<const kj::byte> bytes);

// Sends to the datagram socket `events` in the open folder. Never waits longer than the socket's
// own send timeout; false where nobody listens or the queue is full.
bool sendEvent(int socket, int folder, kj::ArrayPtr<const kj::byte> bytes);

// "<what> <path>: <text of errno>"
std::string errnoText(const std::string& what, int error);

}  // namespace maitred::local
