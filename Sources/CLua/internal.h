#ifndef CLUA_INTERNAL_H
#define CLUA_INTERNAL_H

#include <signal.h>

#include "clua.h"

// Marks in the low bits of the word that leads from a lua_State to its host.
enum {
  CLUA_MARK_WAITING = 1,  // waits for the host on behalf of the coroutine that resumed it
  CLUA_MARK_TASK = 2,     // the coroutine of a task
};

static inline uintptr_t *clua_word(lua_State *L) { return lua_getextraspace(L); }
static inline void clua_mark(lua_State *L, uintptr_t mark) { *clua_word(L) |= mark; }
static inline void clua_unmark(lua_State *L, uintptr_t mark) { *clua_word(L) &= ~mark; }
static inline bool clua_marked(lua_State *L, uintptr_t mark) {
  return (*clua_word(L) & mark) != 0;
}

// The registry's keys of the last traceback and error text; the entries always exist, so
// that keeping one needs no memory for the entry.
extern const char clua_traceback_key;
extern const char clua_text_key;

typedef struct clua_order clua_order;

// What a protected call is to do, on the C stack of its caller.
struct clua_order {
  int (*work)(lua_State *L, const clua_order *o);
  int arguments;  // how many of the topmost values are its arguments
  // What the work needs to know.
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

// Does the work of an order under lua_pcall. Never raises.
int clua_protect(lua_State *L, clua_order *o, int results);

// The message handler of clua_call. Raises.
int clua_keep_error(lua_State *L);

// The C function that does it. Raises.
int clua_protected(lua_State *L);

// The signal mask that the program was started with. Never raises.
void clua_inherited_mask(sigset_t *mask);

// Whether SIGPIPE was ignored when the program was started. Never raises.
bool clua_inherited_broken_pipe(void);

// The allocator of a state; `memory` is its clua_memory.
void *clua_allocate(void *memory, void *block, size_t osize, size_t nsize);

void clua_warn(void *context, const char *message, int continues);
void clua_prepare_functions(lua_State *L);

// Pushes the position at `level`, as clua_where describes it. Raises.
void clua_push_where(lua_State *L, int level);

// Waits for host->wait on behalf of L. Raises.
int clua_wait(lua_State *L);

// The host waits for no stream of io.popen in place any more. Never raises.
void clua_leave_streams(clua_host *host);

// Whether f is one of the functions of function.c, whose upvalues are the host's own.
bool clua_is_host_function(lua_CFunction f);

// Whether the value at `index` is a block of function.c: behind a function or an object of the
// host's. Never raises.
bool clua_is_host_block(lua_State *L, int index);

// The function that coroutine.wrap makes. Raises.
int clua_call_wrapped(lua_State *L);

// What os.exit is; its upvalue is the library's. Raises.
int clua_exit_program(lua_State *L);

#endif
