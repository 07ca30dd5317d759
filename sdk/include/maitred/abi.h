/* The long-lived border between a host and a plugin: plain C, no C++ type, no exception crosses it.
 *
 * A plugin exports one data symbol, `maitred_plugin`, of type maitred_plugin_entry. Each struct
 * starts with its size in bytes; structs grow only at the end, and a reader takes a field only if
 * the size covers it, so old plugins run under new hosts and the other way round.
 * MAITRED_ABI_VERSION changes only when that rule cannot be kept.
 *
 * Each function carries its thread class and phase in brackets. Plugin authors need none of this:
 * MAITRED_PLUGIN() of <maitred/plugin.h> fills it in.
 */
#ifndef MAITRED_ABI_H
#define MAITRED_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MAITRED_ABI_VERSION 1u

/* A listening socket, bound by the host. The descriptor stays the host's inline, and is inherited
 * (and the worker's own) in a process; a plugin duplicates it if it wants to close its own copy. */
typedef struct maitred_listener {
  const char* name; /* the key under `listen:` */
  int fd;
} maitred_listener;

/* What an instance is told before any capability reaches it. All pointers live until the call
 * returns. */
typedef struct maitred_instance {
  uint32_t size;
  const char* instance;        /* name in the config */
  const char* state_directory; /* absolute, exists, of this instance alone */
  const char* policy_path;     /* folders with Lua policies, colon separated */
  const char* log_level;       /* "debug", "info", "warning" or "error" */
  const maitred_listener* listeners;
  size_t listener_count;
} maitred_instance;

typedef struct maitred_serve_args {
  uint32_t size;
  const maitred_instance* instance;
  int rpc_fd; /* a connected Unix stream socket; the plugin owns it from here on */
} maitred_serve_args;

typedef struct maitred_open_args {
  uint32_t size;
  const maitred_instance* instance;
  /* KJ objects of the host's loop; valid as long as the plugin is. Only handed over after the
   * fingerprints of both sides were found equal. */
  void* low_level_io; /* kj::LowLevelAsyncIoProvider* */
  void* io;           /* kj::AsyncIoProvider* */
  void* events;       /* kj::UnixEventPort* */
  void* plugin; /* out: capnp::Capability::Client*, assigned the plugin's maitred.plugin.Plugin */
  /* One log line of the instance; level as in maitred_instance.log_level, 0 = debug … 3 = error. */
  void (*log)(void* log_context, int level, const char* text, size_t length);
  void* log_context;
  char* error; /* out: zero-terminated reason when open() returns non-zero */
  size_t error_size;
} maitred_open_args;

typedef struct maitred_plugin_entry {
  uint32_t size;        /* sizeof(maitred_plugin_entry) of the plugin */
  uint32_t abi_version; /* MAITRED_ABI_VERSION of the plugin */

  /* [a thread without an event loop] [once, in a process of its own]
   * Serves maitred.plugin.Plugin as the bootstrap capability on rpc_fd and returns when the other
   * side is gone: 0 after an orderly end, 1 after an error that was written to stderr. */
  int (*serve)(const maitred_serve_args* args);

  /* [the loop thread] [once an instance, with equal KJ fingerprint]
   * Returns 0 and assigns args->plugin, or non-zero with args->error. Dropping the capability ends
   * the plugin; the library stays mapped for ever. */
  int (*open)(const maitred_open_args* args);

  /* [main thread of a process of its own] [instead of serve]
   * Runs `maitred <alias> argv[0] …` with the terminal's stdin, stdout and stderr; returns the exit
   * code. Null when the manifest names no command. */
  int (*command)(int argc, char** argv);

  /* Type id of the Cap'n Proto struct that the code takes for its config; 0 = none, or one without
   * an id. It must be the one that the manifest note names: `maitred plugins conform` compares. */
  uint64_t config_type;
} maitred_plugin_entry;

#ifdef __cplusplus
}
#endif
#endif
