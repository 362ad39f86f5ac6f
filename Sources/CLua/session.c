// What an interactive session needs beside the rest.
#include <stdio.h>
#ifdef __linux__
#include <stdio_ext.h>
#endif
#include <sys/select.h>

#include "internal.h"

const char clua_locals_key = 0;

// Finds the outermost activation of the function: a recursive one has others above it.
static bool find_statement(lua_State *L, const void *function, lua_Debug *activation) {
  bool found = false;
  lua_Debug each;
  for (int level = 1; lua_getstack(L, level, &each); level++) {
    lua_getinfo(L, "f", &each);
    if (lua_topointer(L, -1) == function) {
      *activation = each;
      found = true;
    }
    lua_pop(L, 1);
  }
  return found;
}

void clua_keep_locals(lua_State *L) {
  clua_host *host = clua_host_of(L);
  lua_Debug activation;
  if (!find_statement(L, host->keeps_locals_of, &activation)) return;
  lua_newtable(L);
  const char *name;
  for (int index = 1; (name = lua_getlocal(L, &activation, index)) != NULL; index++) {
    // Names in parentheses are of the interpreter itself.
    if (*name == '(') {
      lua_pop(L, 1);
    } else {
      lua_setfield(L, -2, name);
    }
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_locals_key);
}

int clua_call_keeping_locals(lua_State *L, int arguments, int results) {
  clua_host *host = clua_host_of(L);
  lua_pushboolean(L, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_locals_key);
  host->keeps_locals = true;
  host->keeps_locals_of = lua_topointer(L, -arguments - 1);
  int status = clua_call(L, arguments, results);
  host->keeps_locals = false;
  host->keeps_locals_of = NULL;
  return status;
}

void clua_push_kept_locals(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_locals_key);
}

void clua_flush_output(void) { fflush(stdout); }

void clua_reset_input(void) {
  clearerr(stdin);
#ifdef __linux__
  __fpurge(stdin);
#else
  fpurge(stdin);
#endif
}

void clua_set_line_buffering(void) { setvbuf(stdout, NULL, _IOLBF, BUFSIZ); }

int clua_wait_readable(const int *descriptors, int count, int milliseconds, unsigned *ready) {
  fd_set set;
  FD_ZERO(&set);
  int highest = -1;
  for (int i = 0; i < count && i < 8; i++) {
    if (descriptors[i] < 0 || descriptors[i] >= FD_SETSIZE) continue;
    FD_SET(descriptors[i], &set);
    if (descriptors[i] > highest) highest = descriptors[i];
  }
  struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
  int result = select(highest + 1, &set, NULL, NULL, milliseconds < 0 ? NULL : &time);
  *ready = 0;
  for (int i = 0; result > 0 && i < count && i < 8; i++) {
    if (descriptors[i] >= 0 && descriptors[i] < FD_SETSIZE && FD_ISSET(descriptors[i], &set)) {
      *ready |= 1u << i;
    }
  }
  return result;
}
