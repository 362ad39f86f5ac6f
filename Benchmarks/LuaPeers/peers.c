#include "peers.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer {
  lua_State *L;
};

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

static int add(lua_State *L) {
  lua_pushnumber(L, luaL_checknumber(L, 1) + luaL_checknumber(L, 2));
  return 1;
}

static int length(lua_State *L) {
  size_t count;
  luaL_checklstring(L, 1, &count);
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}

static int sum_fields(lua_State *L) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
  lua_Number sum = 0;
  luaL_checktype(L, 1, LUA_TTABLE);
  for (int i = 0; i < 10; i++) {
    lua_getfield(L, 1, names[i]);
    sum += luaL_checknumber(L, -1);
    lua_pop(L, 1);
  }
  lua_pushnumber(L, sum);
  return 1;
}

static int resumed(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  lua_pushinteger(L, 1);
  return 1;
}

static int wait(lua_State *L) { return lua_yieldk(L, 0, 0, resumed); }

// A userdata with one property and one method, by the usual means of C.
typedef struct point {
  double x;
} point;

static int point_index(lua_State *L) {
  point *p = luaL_checkudata(L, 1, "peer.point");
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "x") == 0) {
    lua_pushnumber(L, p->x);
    return 1;
  }
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  return 1;
}

static int point_plus(lua_State *L) {
  point *p = luaL_checkudata(L, 1, "peer.point");
  lua_pushnumber(L, p->x + luaL_checknumber(L, 2));
  return 1;
}

static void make_point(lua_State *L) {
  point *p = lua_newuserdatauv(L, sizeof *p, 0);
  p->x = 3;
  luaL_newmetatable(L, "peer.point");
  lua_newtable(L);
  lua_pushcfunction(L, point_plus);
  lua_setfield(L, -2, "plus");
  lua_pushcclosure(L, point_index, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_setglobal(L, "point");
}

peer *peer_open(void) {
  peer *host = malloc(sizeof *host);
  lua_State *L = luaL_newstate();
  host->L = L;
  luaL_openlibs(L);
  lua_register(L, "nothing", nothing);
  lua_register(L, "add", add);
  lua_register(L, "length", length);
  lua_register(L, "sum", sum_fields);
  lua_register(L, "wait", wait);
  make_point(L);
  return host;
}

void peer_close(peer *host) {
  lua_close(host->L);
  free(host);
}

static void check(lua_State *L, int status) {
  if (status == LUA_OK || status == LUA_YIELD) return;
  fprintf(stderr, "peer: %s\n", lua_tostring(L, -1));
  abort();
}

double peer_run(peer *host, const char *chunk) {
  lua_State *L = host->L;
  check(L, luaL_loadstring(L, chunk));
  check(L, lua_pcall(L, 0, 1, 0));
  double result = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return result;
}

double peer_call_lua(peer *host, const char *name, long times) {
  lua_State *L = host->L;
  double sum = 0;
  lua_getglobal(L, name);
  for (long i = 0; i < times; i++) {
    lua_pushvalue(L, -1);
    lua_pushnumber(L, (double)i);
    lua_pushnumber(L, 1);
    check(L, lua_pcall(L, 2, 1, 0));
    sum += lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return sum;
}

long peer_drive(peer *host, const char *body) {
  lua_State *co = lua_newthread(host->L);
  lua_getglobal(host->L, body);
  lua_xmove(host->L, co, 1);
  long yields = 0;
  for (;;) {
    int results;
    int status = lua_resume(co, host->L, 0, &results);
    check(co, status);
    if (status == LUA_OK) break;
    yields += 1;
  }
  lua_pop(host->L, 1);
  return yields;
}

double peer_sleepers(peer *host, const char *body, long count) {
  lua_State *L = host->L;
  lua_gc(L, LUA_GCCOLLECT);
  double before = lua_gc(L, LUA_GCCOUNT) * 1024.0 + lua_gc(L, LUA_GCCOUNTB);
  lua_createtable(L, (int)count, 0);
  for (long i = 1; i <= count; i++) {
    int results;
    lua_State *co = lua_newthread(L);
    lua_getglobal(L, body);
    lua_xmove(L, co, 1);
    check(co, lua_resume(co, L, 0, &results));
    lua_rawseti(L, -2, i);
  }
  lua_gc(L, LUA_GCCOLLECT);
  double after = lua_gc(L, LUA_GCCOUNT) * 1024.0 + lua_gc(L, LUA_GCCOUNTB);
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT);
  return (after - before) / (double)count;
}
