#include "internal.h"

const char clua_traceback_key = 0;
const char clua_text_key = 0;

// host->operation between the end of the work and the return of clua_protect.
static const clua_operation done;

// The C function of all protected calls. A metamethod or finalizer inside one can get it with
// debug.getinfo, so it accepts only the call that clua_protect has just made, once, and with the
// right number of arguments.
int clua_protected(lua_State *L) {
  clua_host *host = clua_host_of(L);
  const clua_operation *o = host->operation;
  if (o == NULL || lua_gettop(L) != o->arguments + 1 || lua_touserdata(L, -1) != o) {
    return luaL_error(L, "only the host may call this function");
  }
  host->operation = NULL;
  lua_pop(L, 1);
  int results = o->work(L, o);
  host->operation = &done;
  return results;
}

int clua_protect(lua_State *L, clua_operation *o, int results) {
  clua_host *host = clua_host_of(L);
  const clua_operation *previous = host->operation;
  lua_pushcfunction(L, clua_protected);
  lua_insert(L, -o->arguments - 1);
  lua_pushlightuserdata(L, o);
  host->operation = o;
  int status = lua_pcall(L, o->arguments + 1, results, 0);
  host->operation = previous;
  return status;
}

static int run(lua_State *L, const clua_operation *o) {
  o->body(o->context, L);
  return 0;
}

int clua_run(lua_State *L, void (*body)(void *context, lua_State *L), void *context) {
  clua_operation o = {.work = run, .body = body, .context = context};
  return clua_protect(L, &o, 0);
}

// The message handler. Makes the text while the stack of the error exists, as the command `lua`
// does.
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
  if (host->keeps_locals) clua_keep_locals(L);
  return 1;
}

int clua_call(lua_State *L, int arguments, int results) {
  clua_host *host = clua_host_of(L);
  host->kept = 0;
  // The closers of an outer call whose error is being kept make this call: keep the outer error.
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
