#ifndef CLUA_LIBRARIES_H
#define CLUA_LIBRARIES_H

// The standard libraries, and what replaces their functions.

#include "clua_host.h"

// Sets of standard libraries.
enum clua_libraries {
  CLUA_LIBRARY_BASIC = 1,  // the global functions, coroutine, math, string, table, utf8
  CLUA_LIBRARY_PACKAGE = 2,
  CLUA_LIBRARY_IO = 4,  // also dofile and loadfile
  CLUA_LIBRARY_OS = 8,
  CLUA_LIBRARY_DEBUG = 16
};

// Each of the first three performs one Lua operation under lua_pcall and returns a status.

// Opens a set of standard libraries (clua_libraries), with the replaced functions of this target.
int clua_open_libraries(lua_State *L, int libraries);
// Gives what print, io.stdout and io.stderr write to the callback `write`, each write at once. Call
// after opening the libraries.
int clua_capture_output(lua_State *L);
// Makes the libraries ignore the environment; call before opening them.
int clua_ignore_environment(lua_State *L);
// Turns warnings on or off. Never raises.
void clua_set_warnings(lua_State *L, bool on);

// Puts the host's coroutine functions into the table on top of the stack. Raises.
void clua_replace_coroutines(lua_State *L);

// Guards the debug library in the table on top against changing what C code relies on. Raises.
void clua_guard_debug(lua_State *L);

// Puts the host's popen into the table on top of the stack. Raises.
void clua_replace_popen(lua_State *L);

// Makes os.exit in the table on top call will_exit first. Raises.
void clua_replace_exit(lua_State *L);

#endif
