#ifndef CLUA_SESSION_H
#define CLUA_SESSION_H

// What a prompt needs: the syntax of statements, their locals, and the standard streams.

#include "clua_host.h"

// ---- Syntax ---------------------------------------------------------------------------

enum clua_syntax {
  CLUA_SYNTAX_COMPLETE = 0,
  CLUA_SYNTAX_INCOMPLETE = 1,  // the text ends too early
  CLUA_SYNTAX_INVALID = 2
};

// A state that only compiles, used by one thread at a time; NULL if there is no memory. Never raise.
lua_State *clua_open_syntax(void);
void clua_close_syntax(lua_State *L);
int clua_check_syntax(lua_State *L, const char *bytes, size_t count);

// ---- Sessions -------------------------------------------------------------------------

// Calls the function below `arguments` values as clua_call does. If it raises, the locals of its
// activation are kept: clua_push_kept_locals pushes a table of them by name, or false.
int clua_call_keeping_locals(lua_State *L, int arguments, int results);
void clua_push_kept_locals(lua_State *L);

// Writes bytes to stderr, unbuffered. From any thread. Never raises.
void clua_write_stderr(const char *bytes, size_t count);

// Flushes stdout, without waiting for anything but its reader. Never raises.
void clua_flush_output(void);

// Forgets the end of file and the bytes that stdin has buffered. Never raises.
void clua_reset_input(void);

// Makes stdout write at the end of each line, wherever it goes. Never raises.
void clua_set_line_buffering(void);

// Waits with select, which works with terminals everywhere, until one of at most 8 descriptors is
// readable; sets a bit in `ready` for each. Returns as select does. Never raises.
int clua_wait_readable(const int *descriptors, int count, int milliseconds, unsigned *ready);

#endif
