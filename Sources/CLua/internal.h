#ifndef CLUA_INTERNAL_H
#define CLUA_INTERNAL_H

#include <signal.h>
#include <spawn.h>
#include <stdio.h>

#include "clua.h"

// Marks in the low bits of the word before a lua_State, which points to its host.
enum {
  CLUA_MARK_WAITING = 1,  // has yielded for a wait of the host
  CLUA_MARK_TASK = 2,     // is the coroutine of a task
};

static inline uintptr_t *clua_word(lua_State *L) { return lua_getextraspace(L); }
static inline void clua_mark(lua_State *L, uintptr_t mark) { *clua_word(L) |= mark; }
static inline void clua_unmark(lua_State *L, uintptr_t mark) { *clua_word(L) &= ~mark; }
static inline bool clua_marked(lua_State *L, uintptr_t mark) {
  return (*clua_word(L) & mark) != 0;
}

// The registry keys of the last traceback and error text. The entries always exist, so that storing
// one needs no memory for the entry.
extern const char clua_traceback_key;
extern const char clua_text_key;

// The registry key of the kept locals of a statement.
extern const char clua_locals_key;

// Keeps the locals of the function that host->keeps_locals_of identifies. Raises.
void clua_keep_locals(lua_State *L);

typedef struct clua_operation clua_operation;

// The work of a protected call, on the C stack of its caller.
struct clua_operation {
  int (*work)(lua_State *L, const clua_operation *o);
  int arguments;  // the number of topmost values that it takes
  // Parameters of the work.
  const char *bytes;
  size_t count;
  const char *text;
  lua_Integer number;
  int first, second;
  const void *pointer;
  lua_State *other;
  int *status;
  void (*body)(void *context, lua_State *L);
  void *context;
};

// Performs an operation under lua_pcall. Never raises.
int clua_protect(lua_State *L, clua_operation *o, int results);

// The message handler of clua_call. Raises.
int clua_keep_error(lua_State *L);

// The C function that clua_protect calls. Raises.
int clua_protected(lua_State *L);

// The signal mask that the process was started with. Never raises.
void clua_inherited_mask(sigset_t *mask);

// Whether SIGPIPE was ignored when the process was started. Never raises.
bool clua_ignored_broken_pipe(void);

// The allocator of a state; `memory` is its clua_memory.
void *clua_allocate(void *memory, void *block, size_t osize, size_t nsize);

void clua_warn(void *context, const char *message, int continues);
void clua_prepare_functions(lua_State *L);

// Pushes the position at `level`, as clua_where describes it. Raises.
void clua_push_where(lua_State *L, int level);

// Waits for host->wait for the call on L. Raises.
int clua_wait(lua_State *L);

// Starts a command of the shell. `takes_ctrl_c`: ignore SIGINT and SIGQUIT until it is reaped.
// Returns 0 or an errno value. Never raises.
int clua_start_child(
  const char *command, bool takes_ctrl_c, const posix_spawn_file_actions_t *actions,
  pid_t *process);

// From now on streams of io.popen do not wait in place. Never raises.
void clua_detach_streams(clua_host *host);

// Whether f is one of the functions of function.c, whose upvalues scripts must not touch.
bool clua_is_host_function(lua_CFunction f);

// Whether the value at `index` is a userdata of function.c: the block of a Swift function or value.
// Never raises.
bool clua_is_host_block(lua_State *L, int index);

// The captured stream, or that of the process: CLUA_STDOUT or CLUA_STDERR. Never raises.
FILE *clua_stream(clua_host *host, int stream);

// Closes captured streams, after the state. Never raises.
void clua_close_output(clua_host *host);

// The function that coroutine.wrap makes. Raises.
int clua_call_wrapped(lua_State *L);

// The replacement of os.exit; its upvalue is the original. Raises.
int clua_exit_program(lua_State *L);

#endif
