#include "internal.h"

int clua_resume(clua_host *host, lua_State *co, lua_State *from, int arguments, int *results) {
  lua_State *previous = clua_switch(host, co);
  int status = lua_resume(co, from, arguments, results);
  clua_switch(host, previous);
  return status;
}

int clua_reset_thread(clua_host *host, lua_State *co) {
  lua_State *previous = clua_switch(host, co);
  int status = lua_resetthread(co);
  clua_switch(host, previous);
  return status;
}

bool clua_take_wait(clua_host *host, lua_State *co) {
  if (host->waiting_thread != co) return false;
  host->waiting_thread = NULL;
  return true;
}

void clua_mark_task(lua_State *L) { clua_mark(L, CLUA_MARK_TASK); }

// ---- Waiting for the host -------------------------------------------------------------

static int take_results(lua_State *L, int status, lua_KContext wait) {
  (void)status;
  clua_host *host = clua_host_of(L);
  int results = host->callbacks.take_results(host->context, L, (uint64_t)wait);
  if (results >= 0) return results;
  host->wait = (uint64_t)wait;
  return clua_finish(L, results);
}

int clua_wait(lua_State *L) {
  clua_host *host = clua_host_of(L);
  uint64_t wait = host->wait;
  if (lua_isyieldable(L)) {
    host->waiting_thread = L;
    return lua_yieldk(L, 0, (lua_KContext)wait, take_results);
  }
  host->callbacks.wait_in_place(host->context, L, wait);
  return take_results(L, LUA_YIELD, (lua_KContext)wait);
}

// ---- The coroutine library ------------------------------------------------------------

static lua_State *coroutine_at(lua_State *L, int index) {
  lua_State *co = lua_tothread(L, index);
  luaL_argexpected(L, co, index, "thread");
  return co;
}

// Whether the function of a task's coroutine has returned. A script cannot get the coroutine before
// the function has begun.
static bool has_ended(lua_State *co) {
  lua_Debug activation;
  return lua_status(co) == LUA_OK && !lua_getstack(co, 0, &activation);
}

// The coroutine.status of a coroutine, seen from L. One that waits for the host has yielded to our
// resume but not to the script, so it is still inside a call.
static const char *status_of(lua_State *L, lua_State *co) {
  if (L == co) return "running";
  if (clua_marked(co, CLUA_MARK_WAITING | CLUA_MARK_TASK)) {
    return lua_status(co) <= LUA_YIELD && !has_ended(co) ? "normal" : "dead";
  }
  switch (lua_status(co)) {
    case LUA_YIELD: return "suspended";
    case LUA_OK: {
      lua_Debug activation;
      if (lua_getstack(co, 0, &activation)) return "normal";
      return lua_gettop(co) == 0 ? "dead" : "suspended";
    }
    default: return "dead";
  }
}

// Moves the outcome of a resume to L: the number of results, or -1 with the error value on top.
static int move_results(lua_State *L, lua_State *co, int status, int results) {
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

typedef int (*completion)(lua_State *L, lua_State *co, int results);

// Resumes `co` until it returns, raises or yields to the script. A yield for the host is passed
// upward: L yields too if it can, else it waits in place. The caller keeps `co` on the stack of L, so
// that it is not collected.
static int drive(
  lua_State *L, lua_State *co, int arguments, lua_KFunction continuation, completion complete) {
  clua_host *host = clua_host_of(L);
  for (;;) {
    int results = 0;
    int status = clua_resume(host, co, L, arguments, &results);
    if (__builtin_expect(status != LUA_YIELD || !clua_take_wait(host, co), 1)) {
      return complete(L, co, move_results(L, co, status, results));
    }
    clua_mark(co, CLUA_MARK_WAITING);
    if (lua_isyieldable(L)) {
      host->waiting_thread = L;
      return lua_yieldk(L, 0, (lua_KContext)co, continuation);
    }
    host->callbacks.wait_in_place(host->context, L, host->wait);
    clua_unmark(co, CLUA_MARK_WAITING);
    arguments = 0;
  }
}

static int end_resume(lua_State *L, lua_State *co, int results) {
  (void)co;
  if (results < 0) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, -(results + 1));
  return results + 1;
}

static int continue_resume(lua_State *L, int status, lua_KContext context) {
  (void)status;
  lua_State *co = (lua_State *)context;
  clua_unmark(co, CLUA_MARK_WAITING);
  return drive(L, co, 0, continue_resume, end_resume);
}

// Moves the topmost `arguments` values of L to `co` for a resume. False, with a message on top of L,
// if it cannot be resumed.
static bool prepare_resume(lua_State *L, lua_State *co, int arguments) {
  if (clua_marked(co, CLUA_MARK_WAITING | CLUA_MARK_TASK)) {
    bool dead = *status_of(L, co) == 'd';
    lua_pushstring(L, dead ? "cannot resume dead coroutine" : "cannot resume non-suspended coroutine");
    return false;
  }
  if (!lua_checkstack(co, arguments)) {
    lua_pushliteral(L, "too many arguments to resume");
    return false;
  }
  lua_xmove(L, co, arguments);
  return true;
}

static int resume(lua_State *L) {
  lua_State *co = coroutine_at(L, 1);
  int arguments = lua_gettop(L) - 1;
  if (!prepare_resume(L, co, arguments)) return end_resume(L, co, -1);
  return drive(L, co, arguments, continue_resume, end_resume);
}

static int end_wrapped(lua_State *L, lua_State *co, int results) {
  if (results >= 0) return results;
  int status = lua_status(co);
  bool failed = status != LUA_OK && status != LUA_YIELD;
  if (failed) {
    // Close the pending variables of the failed coroutine; a closer may replace the error value.
    status = clua_reset_thread(clua_host_of(L), co);
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int continue_wrapped(lua_State *L, int status, lua_KContext context) {
  (void)status;
  lua_State *co = (lua_State *)context;
  clua_unmark(co, CLUA_MARK_WAITING);
  return drive(L, co, 0, continue_wrapped, end_wrapped);
}

int clua_call_wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  luaL_argexpected(L, co, 1, "coroutine");
  int arguments = lua_gettop(L);
  // Keep a copy on the stack: debug.setupvalue must not free the running coroutine.
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  if (!prepare_resume(L, co, arguments)) return end_wrapped(L, co, -1);
  return drive(L, co, arguments, continue_wrapped, end_wrapped);
}

static int create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int wrap(lua_State *L) {
  create(L);
  lua_pushcclosure(L, clua_call_wrapped, 1);
  return 1;
}

static int status(lua_State *L) {
  lua_pushstring(L, status_of(L, coroutine_at(L, 1)));
  return 1;
}

static int close_coroutine(lua_State *L) {
  lua_State *co = coroutine_at(L, 1);
  const char *status = status_of(L, co);
  if (*status != 's' && *status != 'd') {
    return luaL_error(L, "cannot close a %s coroutine", status);
  }
  if (clua_marked(co, CLUA_MARK_TASK)) {
    // There is nothing to close, and awaits of the task need its results.
    lua_pushboolean(L, 1);
    return 1;
  }
  if (clua_reset_thread(clua_host_of(L), co) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(co, L, 1);
  return 2;
}

static int yield(lua_State *L) {
  if (clua_marked(L, CLUA_MARK_TASK)) {
    return luaL_error(L, "attempt to yield from outside a coroutine");
  }
  return lua_yield(L, lua_gettop(L));
}

static int is_yieldable(lua_State *L) {
  lua_State *co = lua_isnone(L, 1) ? L : coroutine_at(L, 1);
  lua_pushboolean(L, !clua_marked(co, CLUA_MARK_TASK) && lua_isyieldable(co));
  return 1;
}

void clua_replace_coroutines(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"create", create}, {"resume", resume}, {"wrap", wrap}, {"status", status},
    {"close", close_coroutine}, {"yield", yield}, {"isyieldable", is_yieldable}, {NULL, NULL},
  };
  luaL_setfuncs(L, functions, 0);
}
