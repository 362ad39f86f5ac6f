// Values and tables: one Lua operation each, under lua_pcall.
#include "internal.h"

static int push_string(lua_State *L, const clua_operation *o) {
  lua_pushlstring(L, o->bytes, o->count);
  return 1;
}

int clua_push_string(lua_State *L, const char *bytes, size_t count) {
  clua_operation o = {.work = push_string, .bytes = bytes, .count = count};
  return clua_protect(L, &o, 1);
}

static int new_table(lua_State *L, const clua_operation *o) {
  lua_createtable(L, o->first, o->second);
  return 1;
}

int clua_new_table(lua_State *L, int array, int record) {
  clua_operation o = {.work = new_table, .first = array, .second = record};
  return clua_protect(L, &o, 1);
}

static int new_thread(lua_State *L, const clua_operation *o) {
  (void)o;
  lua_newthread(L);
  return 1;
}

int clua_new_thread(lua_State *L) {
  clua_operation o = {.work = new_thread};
  return clua_protect(L, &o, 1);
}

static int get(lua_State *L, const clua_operation *o) {
  (void)o;
  lua_gettable(L, 1);
  return 1;
}

int clua_get(lua_State *L, int table) {
  clua_operation o = {.work = get, .arguments = 2};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, 1);
}

static int get_field(lua_State *L, const clua_operation *o) {
  lua_pushlstring(L, o->bytes, o->count);
  lua_gettable(L, 1);
  return 1;
}

int clua_get_field(lua_State *L, int table, const char *name, size_t count) {
  clua_operation o = {.work = get_field, .arguments = 1, .bytes = name, .count = count};
  lua_pushvalue(L, table);
  return clua_protect(L, &o, 1);
}

static int get_index(lua_State *L, const clua_operation *o) {
  lua_geti(L, 1, o->number);
  return 1;
}

int clua_get_index(lua_State *L, int table, lua_Integer index) {
  clua_operation o = {.work = get_index, .arguments = 1, .number = index};
  lua_pushvalue(L, table);
  return clua_protect(L, &o, 1);
}

static int keep_name(lua_State *L, const clua_operation *o) {
  lua_pushlstring(L, o->bytes, o->count);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, o->bytes);
  return 1;
}

int clua_get_named(lua_State *L, int table, const char *name, size_t count) {
  table = lua_absindex(L, table);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, name) != LUA_TSTRING) {
    lua_pop(L, 1);
    clua_operation o = {.work = keep_name, .bytes = name, .count = count};
    int status = clua_protect(L, &o, 1);
    if (status != LUA_OK) return status;
  }
  if (lua_getmetatable(L, table)) {
    lua_pop(L, 1);
    return clua_get(L, table);
  }
  // A raw read neither allocates nor calls metamethods, so it cannot raise.
  lua_rawget(L, table);
  return LUA_OK;
}

static int set(lua_State *L, const clua_operation *o) {
  (void)o;
  lua_settable(L, 1);
  return 0;
}

int clua_set(lua_State *L, int table) {
  clua_operation o = {.work = set, .arguments = 3};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -3);
  return clua_protect(L, &o, 0);
}

static int set_field(lua_State *L, const clua_operation *o) {
  lua_pushlstring(L, o->bytes, o->count);
  lua_insert(L, -2);
  lua_settable(L, 1);
  return 0;
}

int clua_set_field(lua_State *L, int table, const char *name, size_t count) {
  clua_operation o = {.work = set_field, .arguments = 2, .bytes = name, .count = count};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, 0);
}

static int set_index(lua_State *L, const clua_operation *o) {
  lua_seti(L, 1, o->number);
  return 0;
}

int clua_set_index(lua_State *L, int table, lua_Integer index) {
  clua_operation o = {.work = set_index, .arguments = 2, .number = index};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, 0);
}

static int raw_set(lua_State *L, const clua_operation *o) {
  (void)o;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawset(L, 1);
  return 0;
}

int clua_raw_set(lua_State *L, int table) {
  clua_operation o = {.work = raw_set, .arguments = 3};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -3);
  return clua_protect(L, &o, 0);
}

static int raw_set_index(lua_State *L, const clua_operation *o) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawseti(L, 1, o->number);
  return 0;
}

int clua_raw_set_index(lua_State *L, int table, lua_Integer index) {
  clua_operation o = {.work = raw_set_index, .arguments = 2, .number = index};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, 0);
}

static int set_registry(lua_State *L, const clua_operation *o) {
  lua_rawsetp(L, LUA_REGISTRYINDEX, o->pointer);
  return 0;
}

int clua_set_registry(lua_State *L, const void *key) {
  clua_operation o = {.work = set_registry, .arguments = 1, .pointer = key};
  return clua_protect(L, &o, 0);
}

static int next(lua_State *L, const clua_operation *o) {
  (void)o;
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_next(L, 1) == 0) {
    lua_pushnil(L);
    return 1;
  }
  return 2;
}

int clua_next(lua_State *L, int table) {
  clua_operation o = {.work = next, .arguments = 2};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, LUA_MULTRET);
}

static int length(lua_State *L, const clua_operation *o) {
  (void)o;
  lua_pushinteger(L, luaL_len(L, 1));
  return 1;
}

int clua_length(lua_State *L, int index) {
  clua_operation o = {.work = length, .arguments = 1};
  lua_pushvalue(L, index);
  return clua_protect(L, &o, 1);
}

static int equal(lua_State *L, const clua_operation *o) {
  (void)o;
  lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPEQ));
  return 1;
}

int clua_equal(lua_State *L, int left, int right) {
  clua_operation o = {.work = equal, .arguments = 2};
  left = lua_absindex(L, left);
  right = lua_absindex(L, right);
  lua_pushvalue(L, left);
  lua_pushvalue(L, right);
  return clua_protect(L, &o, 1);
}
