#include <string.h>

#include "internal.h"

// The debug library lets a script change what C code relies on, in Lua and in the host, which could
// crash the process. These guards wrap its functions and refuse only that, as if the target did not
// exist.

// Calls the original function, upvalue 1, in the guard's frame, so that its messages name the
// function that the script called.
static int call_original(lua_State *L) { return lua_tocfunction(L, lua_upvalueindex(1))(L); }

static int refuse(lua_State *L) {
  luaL_pushfail(L);
  return 1;
}

// ---- Upvalues, user values, metatables ------------------------------------------------

static int read_upvalue(lua_State *L);
static int set_upvalue(lua_State *L);
static int use_user_value(lua_State *L);
static int set_metatable(lua_State *L);
static int read_local(lua_State *L);
static int set_local(lua_State *L);
static int get_registry(lua_State *L);

// The upvalues of host functions do not exist for the debug library.
static bool has_guarded_upvalues(lua_CFunction f) {
  static const lua_CFunction guards[] = {
    read_upvalue, set_upvalue, use_user_value, set_metatable, read_local, set_local, get_registry,
    clua_exit_program,
  };
  for (size_t i = 0; i < sizeof guards / sizeof *guards; i++) {
    if (f == guards[i]) return true;
  }
  return clua_is_host_function(f);
}

static int read_upvalue(lua_State *L) {
  return has_guarded_upvalues(lua_tocfunction(L, 1)) ? 0 : call_original(L);
}

// C functions trust their upvalues; that of string.gmatch, for instance, is a pointer. The function
// of coroutine.wrap checks its upvalue.
static int set_upvalue(lua_State *L) {
  lua_CFunction f = lua_tocfunction(L, 1);
  return f != NULL && f != clua_call_wrapped ? 0 : call_original(L);
}

// The user values of host objects do not exist either: a task's coroutine, a channel's values.
static int use_user_value(lua_State *L) {
  return clua_is_host_block(L, 1) ? refuse(L) : call_original(L);
}

// With the metatable of a file, the io library would treat a host object as a file.
static int set_metatable(lua_State *L) {
  if (clua_is_host_block(L, 1)) return luaL_error(L, "cannot change a protected metatable");
  return call_original(L);
}

// ---- Local variables ------------------------------------------------------------------

// The thread that a debug function is called for, and the index of its next argument.
static lua_State *thread_of(lua_State *L, int *argument) {
  lua_State *thread = lua_tothread(L, 1);
  *argument = thread != NULL ? 2 : 1;
  return thread != NULL ? thread : L;
}

// Finds the activation that a call of getlocal or setlocal names. If there is none, the library
// reports that.
static bool find_activation(lua_State *thread, lua_State *L, int argument, lua_Debug *activation) {
  int is_integer = 0;
  lua_Integer level = lua_tointegerx(L, argument, &is_integer);
  return is_integer && lua_getstack(thread, (int)level, activation) && lua_checkstack(thread, 1);
}

// The values of a protected call include tables that only the host may change.
static int read_local(lua_State *L) {
  int argument;
  lua_State *thread = thread_of(L, &argument);
  lua_Debug activation;
  if (!lua_isfunction(L, argument) && find_activation(thread, L, argument, &activation)) {
    lua_getinfo(thread, "f", &activation);
    bool is_host = lua_tocfunction(thread, -1) == clua_protected;
    lua_pop(thread, 1);
    if (is_host) return refuse(L);
  }
  return call_original(L);
}

// A value without a name belongs to a C function, or to an instruction that relies on its type.
static int set_local(lua_State *L) {
  int argument;
  lua_State *thread = thread_of(L, &argument);
  lua_Debug activation;
  if (find_activation(thread, L, argument, &activation)) {
    const char *name = lua_getlocal(thread, &activation, (int)lua_tointeger(L, argument + 1));
    if (name != NULL) {
      bool is_same = lua_type(thread, -1) == lua_type(L, argument + 2);
      lua_pop(thread, 1);
      if (strcmp(name, "(C temporary)") == 0) return refuse(L);
      if (*name == '(' && strcmp(name, "(vararg)") != 0 && !is_same) return refuse(L);
    }
  }
  return call_original(L);
}

// ---- The registry ---------------------------------------------------------------------

// debug.getregistry returns a proxy of the registry. It hides and protects the entries that the
// libraries and the host depend on.

static bool is_among(const char *name, const char *const *names) {
  for (; *names != NULL; names++) {
    if (strcmp(name, *names) == 0) return true;
  }
  return false;
}

static bool is_hidden(lua_State *L, int key) {
  static const char *const names[] = {"_IO_input", "_IO_output", "_CLIBS", "_UBOX*", NULL};
  if (lua_type(L, key) == LUA_TLIGHTUSERDATA) return true;
  return lua_type(L, key) == LUA_TSTRING && is_among(lua_tostring(L, key), names);
}

static bool is_read_only(lua_State *L, int key) {
  static const char *const names[] = {"_HOOKKEY", NULL};
  if (lua_type(L, key) == LUA_TNUMBER || is_hidden(L, key)) return true;
  return lua_type(L, key) == LUA_TSTRING && is_among(lua_tostring(L, key), names);
}

static int registry_index(lua_State *L) {
  lua_settop(L, 2);
  if (is_hidden(L, 2)) return refuse(L);
  lua_rawget(L, LUA_REGISTRYINDEX);
  return 1;
}

static int registry_assign(lua_State *L) {
  lua_settop(L, 3);
  if (!is_read_only(L, 2)) lua_rawset(L, LUA_REGISTRYINDEX);
  return 0;
}

static int registry_next(lua_State *L) {
  lua_settop(L, 2);
  while (lua_next(L, LUA_REGISTRYINDEX) != 0) {
    if (!is_hidden(L, -2)) return 2;
    lua_pop(L, 1);
  }
  return refuse(L);
}

static int registry_pairs(lua_State *L) {
  lua_pushcfunction(L, registry_next);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static int get_registry(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return 1;
}

static void push_registry(lua_State *L) {
  static const luaL_Reg metamethods[] = {
    {"__index", registry_index}, {"__newindex", registry_assign}, {"__pairs", registry_pairs},
    {NULL, NULL},
  };
  lua_newtable(L);
  luaL_newlib(L, metamethods);
  lua_setmetatable(L, -2);
}

static void guard(lua_State *L, const char *name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

void clua_guard_debug(lua_State *L) {
  guard(L, "getupvalue", read_upvalue);
  guard(L, "upvalueid", read_upvalue);
  guard(L, "setupvalue", set_upvalue);
  guard(L, "getuservalue", use_user_value);
  guard(L, "setuservalue", use_user_value);
  guard(L, "setmetatable", set_metatable);
  guard(L, "getlocal", read_local);
  guard(L, "setlocal", set_local);
  push_registry(L);
  lua_pushcclosure(L, get_registry, 1);
  lua_setfield(L, -2, "getregistry");
}
