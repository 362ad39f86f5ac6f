#include "internal.h"

#include <stdio.h>
#include <string.h>

const char clua_traceback_key = 0;
const char clua_text_key = 0;

// What a thunk is told, on the C stack of its caller.
typedef struct order {
  const char *bytes;
  size_t count;
  const char *text;
  lua_Integer number;
  int first, second;
  const void *pointer;
  lua_State *other;
  int status;
} order;

static order *order_of(lua_State *L) {
  order *result = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return result;
}

// Calls `thunk` with the `arguments` topmost values and the order above them.
static int protect(lua_State *L, lua_CFunction thunk, int arguments, int results, order *order) {
  lua_pushcfunction(L, thunk);
  lua_insert(L, -arguments - 1);
  lua_pushlightuserdata(L, order);
  return lua_pcall(L, arguments + 1, results, 0);
}

typedef struct run_order {
  void (*body)(void *context, lua_State *L);
  void *context;
} run_order;

static int run(lua_State *L) {
  run_order order = *(run_order *)lua_touserdata(L, 1);
  lua_settop(L, 0);
  order.body(order.context, L);
  return 0;
}

int clua_run(lua_State *L, void (*body)(void *context, lua_State *L), void *context) {
  run_order order = {body, context};
  lua_pushcfunction(L, run);
  lua_pushlightuserdata(L, &order);
  return lua_pcall(L, 1, 0, 0);
}

// The message handler. The text is made here, where the stack of the error still stands,
// as the command `lua` does it.
static int keep_error(lua_State *L) {
  clua_host *host = clua_host_of(L);
  lua_settop(L, 1);
  host->keeping = 0;
  if (lua_type(L, 1) != LUA_TSTRING && luaL_callmeta(L, 1, "__tostring")) {
    bool is_text = lua_type(L, -1) == LUA_TSTRING;
    if (!is_text) {
      lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_text_key);
    lua_settop(L, 1);
    host->keeping = is_text ? CLUA_KEPT_TEXT | CLUA_KEPT_OWN_TEXT : CLUA_KEPT_TEXT;
  }
  luaL_traceback(L, L, NULL, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_traceback_key);
  host->keeping |= CLUA_KEPT_TRACEBACK;
  return 1;
}

int clua_call(lua_State *L, int arguments, int results) {
  clua_host *host = clua_host_of(L);
  host->kept = 0;
  // An error is on its way to a call below, whose closers run this one: there is room for
  // one only, and that is the other's.
  if (host->keeping != 0) return lua_pcall(L, arguments, results, 0);
  int base = lua_gettop(L) - arguments;
  lua_pushcfunction(L, keep_error);
  lua_insert(L, base);
  int status = lua_pcall(L, arguments, results, base);
  lua_remove(L, base);
  host->kept = host->keeping;
  host->keeping = 0;
  return status;
}

static void push_kept(lua_State *L, int bit, const void *key) {
  if (clua_host_of(L)->kept & bit) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TSTRING) return;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
}

void clua_push_kept_traceback(lua_State *L) { push_kept(L, CLUA_KEPT_TRACEBACK, &clua_traceback_key); }

void clua_push_kept_text(lua_State *L) { push_kept(L, CLUA_KEPT_TEXT, &clua_text_key); }

static int push_string(lua_State *L) {
  order *o = order_of(L);
  lua_pushlstring(L, o->bytes, o->count);
  return 1;
}

int clua_push_string(lua_State *L, const char *bytes, size_t count) {
  order o = {.bytes = bytes, .count = count};
  return protect(L, push_string, 0, 1, &o);
}

static int new_table(lua_State *L) {
  order *o = order_of(L);
  lua_createtable(L, o->first, o->second);
  return 1;
}

int clua_new_table(lua_State *L, int array, int record) {
  order o = {.first = array, .second = record};
  return protect(L, new_table, 0, 1, &o);
}

static int new_thread(lua_State *L) {
  lua_newthread(L);
  return 1;
}

int clua_new_thread(lua_State *L) {
  order o = {0};
  return protect(L, new_thread, 0, 1, &o);
}

static int get(lua_State *L) {
  order_of(L);
  lua_gettable(L, 1);
  return 1;
}

int clua_get(lua_State *L, int table) {
  order o = {0};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return protect(L, get, 2, 1, &o);
}

static int get_field(lua_State *L) {
  const order *o = lua_touserdata(L, 2);
  lua_pushlstring(L, o->bytes, o->count);
  lua_gettable(L, 1);
  return 1;
}

int clua_get_field(lua_State *L, int table, const char *name, size_t count) {
  order o = {.bytes = name, .count = count};
  table = lua_absindex(L, table);
  lua_pushcfunction(L, get_field);
  lua_pushvalue(L, table);
  lua_pushlightuserdata(L, &o);
  return lua_pcall(L, 2, 1, 0);
}

static int get_index(lua_State *L) {
  order *o = order_of(L);
  lua_geti(L, 1, o->number);
  return 1;
}

int clua_get_index(lua_State *L, int table, lua_Integer index) {
  order o = {.number = index};
  lua_pushvalue(L, table);
  return protect(L, get_index, 1, 1, &o);
}

static int keep_name(lua_State *L) {
  order *o = order_of(L);
  lua_pushlstring(L, o->bytes, o->count);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, o->bytes);
  return 1;
}

int clua_get_named(lua_State *L, int table, const char *name, size_t count) {
  table = lua_absindex(L, table);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, name) != LUA_TSTRING) {
    lua_pop(L, 1);
    order o = {.bytes = name, .count = count};
    int status = protect(L, keep_name, 0, 1, &o);
    if (status != LUA_OK) return status;
  }
  if (lua_getmetatable(L, table)) {
    lua_pop(L, 1);
    return clua_get(L, table);
  }
  // A raw read neither allocates nor calls anything.
  lua_rawget(L, table);
  return LUA_OK;
}

static int set(lua_State *L) {
  order_of(L);
  lua_settable(L, 1);
  return 0;
}

int clua_set(lua_State *L, int table) {
  order o = {0};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -3);
  return protect(L, set, 3, 0, &o);
}

static int set_field(lua_State *L) {
  order *o = order_of(L);
  lua_pushlstring(L, o->bytes, o->count);
  lua_insert(L, -2);
  lua_settable(L, 1);
  return 0;
}

int clua_set_field(lua_State *L, int table, const char *name, size_t count) {
  order o = {.bytes = name, .count = count};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return protect(L, set_field, 2, 0, &o);
}

static int set_index(lua_State *L) {
  order *o = order_of(L);
  lua_seti(L, 1, o->number);
  return 0;
}

int clua_set_index(lua_State *L, int table, lua_Integer index) {
  order o = {.number = index};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return protect(L, set_index, 2, 0, &o);
}

static int raw_set(lua_State *L) {
  order_of(L);
  lua_rawset(L, 1);
  return 0;
}

int clua_raw_set(lua_State *L, int table) {
  order o = {0};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -3);
  return protect(L, raw_set, 3, 0, &o);
}

static int raw_set_index(lua_State *L) {
  order *o = order_of(L);
  lua_rawseti(L, 1, o->number);
  return 0;
}

int clua_raw_set_index(lua_State *L, int table, lua_Integer index) {
  order o = {.number = index};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return protect(L, raw_set_index, 2, 0, &o);
}

static int set_registry(lua_State *L) {
  order *o = order_of(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, o->pointer);
  return 0;
}

int clua_set_registry(lua_State *L, const void *key) {
  order o = {.pointer = key};
  return protect(L, set_registry, 1, 0, &o);
}

static int next(lua_State *L) {
  order_of(L);
  if (lua_next(L, 1) == 0) {
    lua_pushnil(L);
    return 1;
  }
  return 2;
}

int clua_next(lua_State *L, int table) {
  order o = {0};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return protect(L, next, 2, LUA_MULTRET, &o);
}

static int length(lua_State *L) {
  order_of(L);
  lua_pushinteger(L, luaL_len(L, 1));
  return 1;
}

int clua_length(lua_State *L, int index) {
  order o = {0};
  lua_pushvalue(L, index);
  return protect(L, length, 1, 1, &o);
}

static int to_text(lua_State *L) {
  order_of(L);
  luaL_tolstring(L, 1, NULL);
  return 1;
}

int clua_to_text(lua_State *L, int index) {
  order o = {0};
  lua_pushvalue(L, index);
  return protect(L, to_text, 1, 1, &o);
}

static int error_text(lua_State *L) {
  order_of(L);
  if (lua_type(L, 1) == LUA_TNUMBER) {
    luaL_tolstring(L, 1, NULL);
  } else if (!luaL_callmeta(L, 1, "__tostring") || lua_type(L, -1) != LUA_TSTRING) {
    lua_pushnil(L);
  }
  return 1;
}

int clua_error_text(lua_State *L, int index) {
  order o = {0};
  lua_pushvalue(L, index);
  return protect(L, error_text, 1, 1, &o);
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

static int where(lua_State *L) {
  order *o = order_of(L);
  clua_push_where(L, o->first);
  return 1;
}

int clua_where(lua_State *L, int level) {
  // The thunk is a level of its own.
  order o = {.first = level + 1};
  return protect(L, where, 0, 1, &o);
}

void clua_place(lua_State *L, int level, char *buffer, size_t count) {
  lua_Debug activation;
  buffer[0] = '\0';
  if (!lua_getstack(L, level, &activation)) return;
  if (!lua_getinfo(L, "Sl", &activation) || activation.currentline <= 0) return;
  snprintf(buffer, count, "%s:%d", activation.short_src, activation.currentline);
}

static int traceback(lua_State *L) {
  order *o = order_of(L);
  luaL_traceback(L, o->other, o->text, o->first);
  return 1;
}

int clua_traceback(lua_State *L, lua_State *of, const char *message, int level) {
  order o = {.other = of, .text = message, .first = L == of ? level + 1 : level};
  return protect(L, traceback, 0, 1, &o);
}

static int equal(lua_State *L) {
  order_of(L);
  lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPEQ));
  return 1;
}

int clua_equal(lua_State *L, int left, int right) {
  order o = {0};
  left = lua_absindex(L, left);
  right = lua_absindex(L, right);
  lua_pushvalue(L, left);
  lua_pushvalue(L, right);
  return protect(L, equal, 2, 1, &o);
}

// A chunk's errors come back as a status of lua_load; the thunk hands it on beside that of
// lua_pcall, which stands for what raises around it.
static int load(lua_State *L) {
  order *o = order_of(L);
  o->status = luaL_loadbufferx(L, o->bytes, o->count, o->text, o->pointer);
  return 1;
}

int clua_load(
  lua_State *L, const char *bytes, size_t count, const char *name, const char *mode) {
  order o = {.bytes = bytes, .count = count, .text = name, .pointer = mode};
  int status = protect(L, load, 0, 1, &o);
  return status == LUA_OK ? o.status : status;
}

static int load_file(lua_State *L) {
  order *o = order_of(L);
  o->status = luaL_loadfilex(L, o->text, NULL);
  return 1;
}

int clua_load_file(lua_State *L, const char *path) {
  order o = {.text = path};
  int status = protect(L, load_file, 0, 1, &o);
  return status == LUA_OK ? o.status : status;
}

static int open_libraries(lua_State *L) {
  luaL_openlibs(L);
  lua_getglobal(L, LUA_COLIBNAME);
  clua_replace_coroutines(L);
  lua_getglobal(L, LUA_DBLIBNAME);
  clua_guard_debug(L);
  lua_getglobal(L, LUA_OSLIBNAME);
  clua_replace_exit(L);
  return 0;
}

int clua_open_libraries(lua_State *L) {
  order o = {0};
  return protect(L, open_libraries, 0, 0, &o);
}

static int ignore_environment(lua_State *L) {
  lua_pushboolean(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  return 0;
}

int clua_ignore_environment(lua_State *L) {
  order o = {0};
  return protect(L, ignore_environment, 0, 0, &o);
}

void clua_set_warnings(lua_State *L, bool on) { lua_warning(L, on ? "@on" : "@off", 0); }

static int collect(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT);
  return 0;
}

int clua_collect(lua_State *L) {
  order o = {0};
  return protect(L, collect, 0, 0, &o);
}

static int set_generational(lua_State *L) {
  lua_gc(L, LUA_GCRESTART);
  lua_gc(L, LUA_GCGEN, 0, 0);
  return 0;
}

int clua_set_generational(lua_State *L) {
  order o = {0};
  return protect(L, set_generational, 0, 0, &o);
}
