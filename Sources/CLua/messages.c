// The texts of values and errors, positions and tracebacks.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static int to_text(lua_State *L, const clua_operation *o) {
  (void)o;
  luaL_tolstring(L, 1, NULL);
  return 1;
}

int clua_to_text(lua_State *L, int index) {
  clua_operation o = {.work = to_text, .arguments = 1};
  lua_pushvalue(L, index);
  return clua_protect(L, &o, 1);
}

static int error_text(lua_State *L, const clua_operation *o) {
  (void)o;
  if (lua_type(L, 1) == LUA_TNUMBER) {
    luaL_tolstring(L, 1, NULL);
  } else if (!luaL_callmeta(L, 1, "__tostring") || lua_type(L, -1) != LUA_TSTRING) {
    lua_pushnil(L);
  }
  return 1;
}

int clua_error_text(lua_State *L, int index) {
  clua_operation o = {.work = error_text, .arguments = 1};
  lua_pushvalue(L, index);
  return clua_protect(L, &o, 1);
}

void clua_push_where(lua_State *L, int level) {
  lua_Debug activation;
  for (; lua_getstack(L, level, &activation); level++) {
    lua_getinfo(L, "Sl", &activation);
    if (strcmp(activation.source, CLUA_TASK_CHUNK) == 0) continue;
    if (activation.currentline <= 0) break;
    lua_pushfstring(L, "%s:%d: ", activation.short_src, activation.currentline);
    return;
  }
  lua_pushliteral(L, "");
}

static int where(lua_State *L, const clua_operation *o) {
  clua_push_where(L, o->first);
  return 1;
}

int clua_where(lua_State *L, int level) {
  // The protected call adds one level.
  clua_operation o = {.work = where, .first = level + 1};
  return clua_protect(L, &o, 1);
}

void clua_write_position(lua_State *L, int level, char *buffer, size_t count) {
  lua_Debug activation;
  buffer[0] = '\0';
  if (!lua_getstack(L, level, &activation)) return;
  if (!lua_getinfo(L, "Sl", &activation) || activation.currentline <= 0) return;
  snprintf(buffer, count, "%s:%d", activation.short_src, activation.currentline);
}

static int traceback(lua_State *L, const clua_operation *o) {
  luaL_traceback(L, o->other, o->text, o->first);
  return 1;
}

int clua_traceback(lua_State *L, lua_State *of, const char *message, int level) {
  clua_operation o = {.work = traceback, .other = of, .text = message, .first = L == of ? level + 1 : level};
  return clua_protect(L, &o, 1);
}

static int outcome(lua_State *L, const clua_operation *o) {
  errno = o->second;
  return o->second != 0 ? luaL_fileresult(L, 0, NULL) : luaL_execresult(L, o->first);
}

int clua_push_outcome(lua_State *L, int status, int failure) {
  clua_operation o = {.work = outcome, .first = status, .second = failure};
  return clua_protect(L, &o, 3);
}
