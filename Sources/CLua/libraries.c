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

static void remove_global(lua_State *L, const char *name) {
  lua_pushnil(L);
  lua_setglobal(L, name);
}

// The libraries of linit.c, in its order. `change` takes the library on top of the stack.
static const struct {
  int set;
  const char *name;
  lua_CFunction open;
  void (*change)(lua_State *L);
} libraries[] = {
  {CLUA_LIBRARY_BASIC, LUA_GNAME, luaopen_base, NULL},
  {CLUA_LIBRARY_PACKAGE, LUA_LOADLIBNAME, luaopen_package, NULL},
  {CLUA_LIBRARY_BASIC, LUA_COLIBNAME, luaopen_coroutine, clua_replace_coroutines},
  {CLUA_LIBRARY_BASIC, LUA_TABLIBNAME, luaopen_table, NULL},
  {CLUA_LIBRARY_IO, LUA_IOLIBNAME, luaopen_io, clua_replace_popen},
  {CLUA_LIBRARY_OS, LUA_OSLIBNAME, luaopen_os, clua_replace_exit},
  {CLUA_LIBRARY_BASIC, LUA_STRLIBNAME, luaopen_string, NULL},
  {CLUA_LIBRARY_BASIC, LUA_MATHLIBNAME, luaopen_math, NULL},
  {CLUA_LIBRARY_BASIC, LUA_UTF8LIBNAME, luaopen_utf8, NULL},
  {CLUA_LIBRARY_DEBUG, LUA_DBLIBNAME, luaopen_debug, clua_guard_debug},
};

static int open_libraries(lua_State *L, const clua_operation *o) {
  int top = lua_gettop(L);
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    if ((o->first & libraries[i].set) == 0) continue;
    luaL_requiref(L, libraries[i].name, libraries[i].open, 1);
    if (libraries[i].change != NULL) libraries[i].change(L);
    lua_settop(L, top);
  }
  if ((o->first & CLUA_LIBRARY_IO) == 0) {
    remove_global(L, "dofile");
    remove_global(L, "loadfile");
  }
  return 0;
}

int clua_open_libraries(lua_State *L, int set) {
  clua_operation o = {.work = open_libraries, .first = set};
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
