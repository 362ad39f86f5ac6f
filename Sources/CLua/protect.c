#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char clua_traceback_key = 0;
const char clua_text_key = 0;

// Stands for an order whose work is done, until clua_protect returns.
static const clua_order done;

// The one C function that protected calls run. A script can get hold of it, with
// debug.getinfo, from a metamethod or a finalizer that runs in one; so it works only for the
// call that clua_protect has just made, once, and with as many arguments as that has.
int clua_protected(lua_State *L) {
  clua_host *host = clua_host_of(L);
  const clua_order *o = host->order;
  if (o == NULL || lua_gettop(L) != o->arguments + 1 || lua_touserdata(L, -1) != o) {
    return luaL_error(L, "this function is the host's own");
  }
  host->order = NULL;
  lua_pop(L, 1);
  int results = o->work(L, o);
  host->order = &done;
  return results;
}

// Does the work of an order with the topmost values as its arguments.
int clua_protect(lua_State *L, clua_order *o, int results) {
  clua_host *host = clua_host_of(L);
  const clua_order *previous = host->order;
  lua_pushcfunction(L, clua_protected);
  lua_insert(L, -o->arguments - 1);
  lua_pushlightuserdata(L, o);
  host->order = o;
  int status = lua_pcall(L, o->arguments + 1, results, 0);
  host->order = previous;
  return status;
}

static int run(lua_State *L, const clua_order *o) {
  o->body(o->context, L);
  return 0;
}

int clua_run(lua_State *L, void (*body)(void *context, lua_State *L), void *context) {
  clua_order o = {.work = run, .body = body, .context = context};
  return clua_protect(L, &o, 0);
}

// The message handler. The text is made here, where the stack of the error still stands,
// as the command `lua` does it.
int clua_keep_error(lua_State *L) {
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
  lua_pushcfunction(L, clua_keep_error);
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

static int push_string(lua_State *L, const clua_order *o) {
  lua_pushlstring(L, o->bytes, o->count);
  return 1;
}

int clua_push_string(lua_State *L, const char *bytes, size_t count) {
  clua_order o = {.work = push_string, .bytes = bytes, .count = count};
  return clua_protect(L, &o, 1);
}

static int new_table(lua_State *L, const clua_order *o) {
  lua_createtable(L, o->first, o->second);
  return 1;
}

int clua_new_table(lua_State *L, int array, int record) {
  clua_order o = {.work = new_table, .first = array, .second = record};
  return clua_protect(L, &o, 1);
}

static int new_thread(lua_State *L, const clua_order *o) {
  (void)o;
  lua_newthread(L);
  return 1;
}

int clua_new_thread(lua_State *L) {
  clua_order o = {.work = new_thread};
  return clua_protect(L, &o, 1);
}

static int get(lua_State *L, const clua_order *o) {
  (void)o;
  lua_gettable(L, 1);
  return 1;
}

int clua_get(lua_State *L, int table) {
  clua_order o = {.work = get, .arguments = 2};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, 1);
}

static int get_field(lua_State *L, const clua_order *o) {
  lua_pushlstring(L, o->bytes, o->count);
  lua_gettable(L, 1);
  return 1;
}

int clua_get_field(lua_State *L, int table, const char *name, size_t count) {
  clua_order o = {.work = get_field, .arguments = 1, .bytes = name, .count = count};
  lua_pushvalue(L, table);
  return clua_protect(L, &o, 1);
}

static int get_index(lua_State *L, const clua_order *o) {
  lua_geti(L, 1, o->number);
  return 1;
}

int clua_get_index(lua_State *L, int table, lua_Integer index) {
  clua_order o = {.work = get_index, .arguments = 1, .number = index};
  lua_pushvalue(L, table);
  return clua_protect(L, &o, 1);
}

static int keep_name(lua_State *L, const clua_order *o) {
  lua_pushlstring(L, o->bytes, o->count);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, o->bytes);
  return 1;
}

int clua_get_named(lua_State *L, int table, const char *name, size_t count) {
  table = lua_absindex(L, table);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, name) != LUA_TSTRING) {
    lua_pop(L, 1);
    clua_order o = {.work = keep_name, .bytes = name, .count = count};
    int status = clua_protect(L, &o, 1);
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

static int set(lua_State *L, const clua_order *o) {
  (void)o;
  lua_settable(L, 1);
  return 0;
}

int clua_set(lua_State *L, int table) {
  clua_order o = {.work = set, .arguments = 3};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -3);
  return clua_protect(L, &o, 0);
}

static int set_field(lua_State *L, const clua_order *o) {
  lua_pushlstring(L, o->bytes, o->count);
  lua_insert(L, -2);
  lua_settable(L, 1);
  return 0;
}

int clua_set_field(lua_State *L, int table, const char *name, size_t count) {
  clua_order o = {.work = set_field, .arguments = 2, .bytes = name, .count = count};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, 0);
}

static int set_index(lua_State *L, const clua_order *o) {
  lua_seti(L, 1, o->number);
  return 0;
}

int clua_set_index(lua_State *L, int table, lua_Integer index) {
  clua_order o = {.work = set_index, .arguments = 2, .number = index};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, 0);
}

static int raw_set(lua_State *L, const clua_order *o) {
  (void)o;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawset(L, 1);
  return 0;
}

int clua_raw_set(lua_State *L, int table) {
  clua_order o = {.work = raw_set, .arguments = 3};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -3);
  return clua_protect(L, &o, 0);
}

static int raw_set_index(lua_State *L, const clua_order *o) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawseti(L, 1, o->number);
  return 0;
}

int clua_raw_set_index(lua_State *L, int table, lua_Integer index) {
  clua_order o = {.work = raw_set_index, .arguments = 2, .number = index};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, 0);
}

static int set_registry(lua_State *L, const clua_order *o) {
  lua_rawsetp(L, LUA_REGISTRYINDEX, o->pointer);
  return 0;
}

int clua_set_registry(lua_State *L, const void *key) {
  clua_order o = {.work = set_registry, .arguments = 1, .pointer = key};
  return clua_protect(L, &o, 0);
}

static int next(lua_State *L, const clua_order *o) {
  (void)o;
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_next(L, 1) == 0) {
    lua_pushnil(L);
    return 1;
  }
  return 2;
}

int clua_next(lua_State *L, int table) {
  clua_order o = {.work = next, .arguments = 2};
  table = lua_absindex(L, table);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return clua_protect(L, &o, LUA_MULTRET);
}

static int length(lua_State *L, const clua_order *o) {
  (void)o;
  lua_pushinteger(L, luaL_len(L, 1));
  return 1;
}

int clua_length(lua_State *L, int index) {
  clua_order o = {.work = length, .arguments = 1};
  lua_pushvalue(L, index);
  return clua_protect(L, &o, 1);
}

static int to_text(lua_State *L, const clua_order *o) {
  (void)o;
  luaL_tolstring(L, 1, NULL);
  return 1;
}

int clua_to_text(lua_State *L, int index) {
  clua_order o = {.work = to_text, .arguments = 1};
  lua_pushvalue(L, index);
  return clua_protect(L, &o, 1);
}

static int error_text(lua_State *L, const clua_order *o) {
  (void)o;
  if (lua_type(L, 1) == LUA_TNUMBER) {
    luaL_tolstring(L, 1, NULL);
  } else if (!luaL_callmeta(L, 1, "__tostring") || lua_type(L, -1) != LUA_TSTRING) {
    lua_pushnil(L);
  }
  return 1;
}

int clua_error_text(lua_State *L, int index) {
  clua_order o = {.work = error_text, .arguments = 1};
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

static int where(lua_State *L, const clua_order *o) {
  clua_push_where(L, o->first);
  return 1;
}

int clua_where(lua_State *L, int level) {
  // The thunk is a level of its own.
  clua_order o = {.work = where, .first = level + 1};
  return clua_protect(L, &o, 1);
}

void clua_place(lua_State *L, int level, char *buffer, size_t count) {
  lua_Debug activation;
  buffer[0] = '\0';
  if (!lua_getstack(L, level, &activation)) return;
  if (!lua_getinfo(L, "Sl", &activation) || activation.currentline <= 0) return;
  snprintf(buffer, count, "%s:%d", activation.short_src, activation.currentline);
}

static int traceback(lua_State *L, const clua_order *o) {
  luaL_traceback(L, o->other, o->text, o->first);
  return 1;
}

int clua_traceback(lua_State *L, lua_State *of, const char *message, int level) {
  clua_order o = {.work = traceback, .other = of, .text = message, .first = L == of ? level + 1 : level};
  return clua_protect(L, &o, 1);
}

static int outcome(lua_State *L, const clua_order *o) {
  errno = o->second;
  return o->second != 0 ? luaL_fileresult(L, 0, NULL) : luaL_execresult(L, o->first);
}

int clua_push_outcome(lua_State *L, int status, int failure) {
  clua_order o = {.work = outcome, .first = status, .second = failure};
  return clua_protect(L, &o, 3);
}

static int equal(lua_State *L, const clua_order *o) {
  (void)o;
  lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPEQ));
  return 1;
}

int clua_equal(lua_State *L, int left, int right) {
  clua_order o = {.work = equal, .arguments = 2};
  left = lua_absindex(L, left);
  right = lua_absindex(L, right);
  lua_pushvalue(L, left);
  lua_pushvalue(L, right);
  return clua_protect(L, &o, 1);
}

// A chunk's errors come back as a status of lua_load; the thunk hands it on beside that of
// lua_pcall, which stands for what raises around it.
static int load(lua_State *L, const clua_order *o) {
  *o->status = luaL_loadbufferx(L, o->bytes, o->count, o->text, o->pointer);
  return 1;
}

int clua_load(
  lua_State *L, const char *bytes, size_t count, const char *name, const char *mode) {
  int loaded = LUA_OK;
  clua_order o = {.work = load, .bytes = bytes, .count = count, .text = name, .pointer = mode, .status = &loaded};
  int status = clua_protect(L, &o, 1);
  return status == LUA_OK ? loaded : status;
}

static int load_file(lua_State *L, const clua_order *o) {
  *o->status = luaL_loadfilex(L, o->text, NULL);
  return 1;
}

int clua_load_file(lua_State *L, const char *path) {
  int loaded = LUA_OK;
  clua_order o = {.work = load_file, .text = path, .status = &loaded};
  int status = clua_protect(L, &o, 1);
  return status == LUA_OK ? loaded : status;
}

static int open_libraries(lua_State *L, const clua_order *o) {
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
  clua_order o = {.work = open_libraries};
  return clua_protect(L, &o, 0);
}

static int ignore_environment(lua_State *L, const clua_order *o) {
  (void)o;
  lua_pushboolean(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  return 0;
}

int clua_ignore_environment(lua_State *L) {
  clua_order o = {.work = ignore_environment};
  return clua_protect(L, &o, 0);
}

void clua_set_warnings(lua_State *L, bool on) { lua_warning(L, on ? "@on" : "@off", 0); }

static int collect(lua_State *L, const clua_order *o) {
  (void)o;
  lua_gc(L, LUA_GCCOLLECT);
  return 0;
}

int clua_collect(lua_State *L) {
  clua_order o = {.work = collect};
  return clua_protect(L, &o, 0);
}

static int set_generational(lua_State *L, const clua_order *o) {
  (void)o;
  lua_gc(L, LUA_GCRESTART);
  lua_gc(L, LUA_GCGEN, 0, 0);
  return 0;
}

int clua_set_generational(lua_State *L) {
  clua_order o = {.work = set_generational};
  return clua_protect(L, &o, 0);
}
