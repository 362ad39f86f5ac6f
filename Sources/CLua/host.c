#include "clua.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

// Warnings as the reference manual describes `warn`: control messages "@on" and "@off", and one line
// on stderr for each complete message.
static void warn_off(void *context, const char *message, int continues);

static void warn_continue(void *context, const char *message, int continues) {
  clua_host *host = context;
  FILE *errors = clua_stream(host, CLUA_STDERR);
  fputs(message, errors);
  if (continues) {
    lua_setwarnf(host->main, warn_continue, host);
  } else {
    fputc('\n', errors);
    fflush(errors);
    lua_setwarnf(host->main, clua_warn, host);
  }
}

static bool warning_control(clua_host *host, const char *message, int continues) {
  if (continues || message[0] != '@') return false;
  if (strcmp(message, "@on") == 0) lua_setwarnf(host->main, clua_warn, host);
  if (strcmp(message, "@off") == 0) lua_setwarnf(host->main, warn_off, host);
  return true;
}

static void warn_off(void *context, const char *message, int continues) {
  warning_control(context, message, continues);
}

void clua_warn(void *context, const char *message, int continues) {
  if (warning_control(context, message, continues)) return;
  fputs("Lua warning: ", clua_stream(context, CLUA_STDERR));
  warn_continue(context, message, continues);
}

// Reports an error outside a protected call, which is a bug here, before Lua aborts the process.
static int panic(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "Lua error outside a protected call: %s\n", message ? message : "?");
  return 0;
}

static int prepare(lua_State *L) {
  clua_prepare_functions(L);
  lua_pushboolean(L, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_traceback_key);
  lua_pushboolean(L, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_text_key);
  lua_pushboolean(L, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_locals_key);
  return 0;
}

int clua_exit_program(lua_State *L) {
  clua_host *host = clua_host_of(L);
  // As in os.exit, 0, true and no argument mean success.
  bool succeeds = lua_isnoneornil(L, 1) ||
      (lua_isboolean(L, 1) ? lua_toboolean(L, 1) : lua_tointeger(L, 1) == 0);
  if (!host->callbacks.will_exit(host->context, succeeds)) {
    return luaL_error(L, "os.exit(%s) was called, but this script may not exit the process",
        lua_isnone(L, 1) ? "nil" : luaL_tolstring(L, 1, NULL));
  }
  clua_detach_streams(host);
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void clua_replace_exit(lua_State *L) {
  lua_getfield(L, -1, "exit");
  lua_pushcclosure(L, clua_exit_program, 1);
  lua_setfield(L, -2, "exit");
}

void clua_write_stderr(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(STDERR_FILENO, bytes, count);
    if (written < 0 && errno != EINTR) return;
    if (written < 0) continue;
    bytes += written;
    count -= (size_t)written;
  }
}

clua_host *clua_open(clua_memory *memory, clua_callbacks callbacks, void *context) {
  clua_host *host = calloc(1, sizeof *host);
  if (host == NULL) return NULL;
  host->memory = memory;
  host->callbacks = callbacks;
  host->context = context;
  lua_State *L = lua_newstate(clua_allocate, memory);
  if (L == NULL) {
    free(host);
    return NULL;
  }
  // New coroutines copy this word from the main state, so each finds its host.
  *(uintptr_t *)lua_getextraspace(L) = (uintptr_t)host;
  host->main = L;
  host->running = L;
  lua_atpanic(L, panic);
  lua_setwarnf(L, warn_off, host);
  lua_pushcfunction(L, prepare);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
    clua_close(host);
    return NULL;
  }
  return host;
}

void clua_close(clua_host *host) {
  host->is_closing = true;
  // No earlier interrupt may reach the finalizers.
  clua_set_request(host, CLUA_RUNNING);
  clua_set_task_request(host, CLUA_RUNNING);
  lua_sethook(host->main, NULL, 0, 0);
  lua_close(host->main);
  clua_detach_streams(host);
  clua_close_output(host);
  host->running = NULL;
  free(host);
}
