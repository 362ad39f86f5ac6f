// Chunks, the standard libraries and the collector.
#include "internal.h"

// The status of lua_load is returned through o->status; that of lua_pcall covers errors around it.
static int load(lua_State *L, const clua_operation *o) {
  *o->status = luaL_loadbufferx(L, o->bytes, o->count, o->text, o->pointer);
  return 1;
}

int clua_load(
  lua_State *L, const char *bytes, size_t count, const char *name, const char *mode) {
  int loaded = LUA_OK;
  clua_operation o = {.work = load, .bytes = bytes, .count = count, .text = name, .pointer = mode, .status = &loaded};
  int status = clua_protect(L, &o, 1);
  return status == LUA_OK ? loaded : status;
}

static int load_file(lua_State *L, const clua_operation *o) {
  *o->status = luaL_loadfilex(L, o->text, NULL);
  return 1;
}

int clua_load_file(lua_State *L, const char *path) {
  int loaded = LUA_OK;
  clua_operation o = {.work = load_file, .text = path, .status = &loaded};
  int status = clua_protect(L, &o, 1);
  return status == LUA_OK ? loaded : status;
}

static int open_libraries(lua_State *L, const clua_operation *o) {
  (void)o;
  luaL_openlibs(L);
  lua_getglobal(L, LUA_COLIBNAME);
  clua_replace_coroutines(L);
  lua_getglobal(L, LUA_DBLIBNAME);
  clua_guard_debug(L);
  lua_getglobal(L, LUA_OSLIBNAME);
  clua_replace_exit(L);
  lua_getglobal(L, LUA_IOLIBNAME);
  clua_replace_popen(L);
  return 0;
}

int clua_open_libraries(lua_State *L) {
  clua_operation o = {.work = open_libraries};
  return clua_protect(L, &o, 0);
}

static int ignore_environment(lua_State *L, const clua_operation *o) {
  (void)o;
  lua_pushboolean(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  return 0;
}

int clua_ignore_environment(lua_State *L) {
  clua_operation o = {.work = ignore_environment};
  return clua_protect(L, &o, 0);
}

void clua_set_warnings(lua_State *L, bool on) { lua_warning(L, on ? "@on" : "@off", 0); }

static int collect(lua_State *L, const clua_operation *o) {
  (void)o;
  lua_gc(L, LUA_GCCOLLECT);
  return 0;
}

int clua_collect(lua_State *L) {
  clua_operation o = {.work = collect};
  return clua_protect(L, &o, 0);
}

static int set_generational(lua_State *L, const clua_operation *o) {
  (void)o;
  lua_gc(L, LUA_GCRESTART);
  lua_gc(L, LUA_GCGEN, 0, 0);
  return 0;
}

int clua_set_generational(lua_State *L) {
  clua_operation o = {.work = set_generational};
  return clua_protect(L, &o, 0);
}
