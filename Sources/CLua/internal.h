#ifndef CLUA_INTERNAL_H
#define CLUA_INTERNAL_H

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

// The allocator of a state; `memory` is its clua_memory.
void *clua_allocate(void *memory, void *block, size_t osize, size_t nsize);

void clua_warn(void *context, const char *message, int continues);
void clua_prepare_functions(lua_State *L);

// Pushes the position at `level`, as clua_where describes it. Raises.
void clua_push_where(lua_State *L, int level);

// Waits for host->wait on behalf of L. Raises.
int clua_wait(lua_State *L);

// What os.exit is; its upvalue is the library's. Raises.
int clua_exit_program(lua_State *L);

#endif
