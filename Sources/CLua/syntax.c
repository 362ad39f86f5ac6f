// Compiles text without running it, in a state of its own: whether a statement is complete can be
// asked while the Lua thread is busy.
#include <string.h>

#include "internal.h"

lua_State *clua_open_syntax(void) { return luaL_newstate(); }

void clua_close_syntax(lua_State *L) {
  if (L != NULL) lua_close(L);
}

// lua_load runs under Lua's own protection, and the message of a syntax error is made there.
int clua_check_syntax(lua_State *L, const char *bytes, size_t count) {
  if (L == NULL) return CLUA_SYNTAX_INVALID;
  int status = luaL_loadbufferx(L, bytes, count, "=", "t");
  int result = status == LUA_OK ? CLUA_SYNTAX_COMPLETE : CLUA_SYNTAX_INVALID;
  if (status == LUA_ERRSYNTAX && lua_type(L, -1) == LUA_TSTRING) {
    static const char end[] = "<eof>";
    size_t length = 0;
    const char *message = lua_tolstring(L, -1, &length);
    if (length >= sizeof end - 1 && strcmp(message + length - (sizeof end - 1), end) == 0) {
      result = CLUA_SYNTAX_INCOMPLETE;
    }
  }
  lua_settop(L, 0);
  return result;
}
