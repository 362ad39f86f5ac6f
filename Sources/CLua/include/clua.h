#ifndef CLUA_H
#define CLUA_H

// What Swift cannot do with Lua by itself.
//
// Lua reports an error with longjmp. No longjmp may cross a Swift frame, so every
// function here keeps one of two promises, and its comment says which:
//
//   "never raises"   it returns, whatever happens; Swift may call it anywhere;
//   "raises"         only Lua may call it: it is a lua_CFunction.
//
// A function that returns a status returns LUA_OK, or the status of lua_pcall with the
// error value as the one value left on the stack in place of its results. Each needs at
// most CLUA_SLOTS free stack slots, which the caller reserves with lua_checkstack.

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CLUA_SLOTS 8

// The name of the chunk that the library `task` is written in. A position in it would tell
// nobody anything: messages name the line that called the library.
#define CLUA_TASK_CHUNK "=[task]"

// What a Swift function returns instead of a number of results: the trampoline acts on
// it when all Swift frames are gone.
#define CLUA_RAISE (-1)     // the error value is on top of the stack
#define CLUA_ARGUMENT (-2)  // the message is on top, host->argument says which argument
#define CLUA_TYPE (-3)      // the name of the expected type is on top, argument as above
#define CLUA_WAIT (-4)      // host->wait must end before there are results
#define CLUA_TEXT (-5)      // a message is on top, to be raised after the caller's position

typedef struct clua_host clua_host;

// What C asks of Swift. None of them raises.
typedef struct clua_callbacks {
  // Runs the scheduler until the wait is over, because L cannot yield.
  void (*wait_in_place)(void *context, lua_State *L, uint64_t wait);
  // Leaves the results of a wait on the stack of L; returns their number, or a negative
  // code from above. CLUA_WAIT: the wait is not over.
  int (*take_results)(void *context, lua_State *L, uint64_t wait);
  // A time has come that holds for the task that runs on L, or it is out of grace. Leaves an
  // error value and returns CLUA_RAISE where it is to raise, else returns 0.
  int (*task_due)(void *context, lua_State *L);
  // Waits in place until a descriptor is ready (poll's events); 1 then, 0 where that is not
  // possible, and negative where it was broken off: the next instruction raises why.
  int (*wait_for)(void *context, lua_State *L, int descriptor, int events);
  // A script calls os.exit, with a code that means success or another. Whether it may.
  bool (*will_exit)(void *context, bool succeeds);
} clua_callbacks;

// What is asked of the running code; the bits of clua_host.request.
enum clua_request {
  CLUA_RUNNING = 0,       // nothing
  CLUA_RAISE_ONCE = 1,    // the next instruction raises the interrupt's message
  CLUA_RAISE_ALWAYS = 2,  // every instruction does
  CLUA_TASK_DUE = 4,      // a time that holds for the running task has come: task_due decides
  CLUA_TASK_ALWAYS = 8    // every instruction of the running task raises that it is cancelled
};

// What clua_call keeps of an error.
enum clua_kept {
  CLUA_KEPT_TRACEBACK = 1,
  CLUA_KEPT_TEXT = 2,
  CLUA_KEPT_OWN_TEXT = 4  // the text is what __tostring made
};

// What a state may hold and holds. It outlives the state, so that a reservation can be given
// back at any time. `limit` never changes. Only the thread of Lua writes `used` and touches the
// last two fields; `reserved` changes on any thread, with the functions below.
typedef struct clua_memory {
  size_t limit;     // bytes that Lua and the reservations may hold together; 0 is no limit
  size_t used;      // bytes that Lua holds
  size_t reserved;  // bytes that the host holds on behalf of a script
  int64_t allocations;      // growing allocations so far
  int64_t fail_allocation;  // the one that fails, for tests; 0 is none
} clua_memory;

// One Lua state and what belongs to it. Only the thread that Lua runs on may touch the
// fields; `request` alone is set from other threads, and only with the functions for it.
struct clua_host {
  lua_State *main;
  // The lua_State that is running; NULL before the first and after the last use. The
  // signal handler reads it.
  lua_State *volatile running;
  int request;
  int delivered;  // how often the hook has raised
  char message[128];

  clua_memory *memory;
  const struct clua_order *order;  // what the protected call that begins now is to do

  uint64_t wait;              // what CLUA_WAIT waits for
  lua_State *waiting_thread;  // the coroutine whose last yield was for that wait
  int argument;
  // The state runs its last finalizers. What is made now is never finalized, so nothing
  // that owns a Swift value is made any more.
  bool is_closing;
  int kept;     // what the last clua_call kept
  int keeping;  // what the handler of one that has not returned yet has kept

  struct stream *streams;  // of io.popen

  clua_callbacks callbacks;
  void *context;
};

// ---- Life of a state ------------------------------------------------------------------

// Makes a state that counts what it holds in `memory`, which must outlive it. NULL where there
// is no memory. Never raises.
clua_host *clua_open(clua_memory *memory, clua_callbacks callbacks, void *context);

// Closes the state, which runs its finalizers, and frees the host. Never raises.
void clua_close(clua_host *host);

// Binds the host to the calling thread (NULL unbinds), for clua_current and for the
// interrupt's signal, and gives the thread the signal mask that the program was started with,
// which is the one that programs started by a script get. Never raises.
void clua_bind_thread(clua_host *host);

// The host that is bound to the calling thread, or NULL. Never raises.
clua_host *clua_current(void);

// Blocks all signals on the calling thread: for a thread that runs nothing of a script. Never
// raises.
void clua_block_signals(void);

// The host that a lua_State belongs to. Never raises.
static inline clua_host *clua_host_of(lua_State *L) {
  return (clua_host *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)7);
}

// ---- Memory ---------------------------------------------------------------------------

// Count bytes that the host takes for a script, and gives back. clua_reserve is false, and
// counts nothing, where the limit leaves no room for them. From any thread. Never raise.
bool clua_reserve(clua_memory *memory, size_t bytes);
void clua_unreserve(clua_memory *memory, size_t bytes);

// How many bytes Lua holds. From any thread. Never raises.
size_t clua_memory_used(const clua_memory *memory);

// ---- Interrupting ---------------------------------------------------------------------

// The signal that interrupts use, and the installation of its handler, once in a
// process. Never raise; may be called on any thread.
int clua_interrupt_signal(void);
bool clua_install_interrupt(void);

// Set and read what an interrupt asks of the running script, and what is asked of the running
// task; from any thread. Never raise.
void clua_set_request(clua_host *host, int request);
int clua_get_request(const clua_host *host);
void clua_set_task_request(clua_host *host, int request);

// Sets what an interrupt raises; while none is asked for. Never raises.
void clua_set_message(clua_host *host, const char *message);

// Sets the hook on the running lua_State where something is asked. On the thread that
// Lua runs on. Never raises.
void clua_arm(clua_host *host);

// Makes `to` the running lua_State and returns the one that was. Never raises.
lua_State *clua_switch(clua_host *host, lua_State *to);

// ---- Programs that a script starts -----------------------------------------------------

// Starts a command of the shell as system() does: SIGINT and SIGQUIT are ignored until it is
// reaped; the command has the signal mask that this program was started with. Returns 0 or an
// errno value. From any thread, as all of these. Never raise.
int clua_start_program(const char *command, pid_t *process);

// A descriptor that is readable when the process has ended, closed on exec, or -1.
int clua_watch_program(pid_t process);

// Takes the status of an ended process, as waitpid gives it; false where it has not ended, unless
// it waits for that.
bool clua_reap_program(pid_t process, bool waits, int *status);

// A pipe whose ends are closed on exec, at once: a program that another thread starts meanwhile
// must not have them.
bool clua_make_pipe(int ends[2]);

// Ends a process and all that it has started, at once; it is still to be reaped.
void clua_end_program(pid_t process);

// Ends the programs of the streams that io.popen has made and nobody has closed.
void clua_end_streams(clua_host *host);

// Ends and reaps all that live: for the end of the program.
void clua_end_programs(void);

// ---- Protected calls ------------------------------------------------------------------

// Runs body(context, L) as a C function of its own on the stack of L, so that what it
// leaves there is gone afterwards. `body` must not raise. Returns a status; no value is
// left on success.
int clua_run(lua_State *L, void (*body)(void *context, lua_State *L), void *context);

// Calls the function below `arguments` values and keeps, where that raises, the text of
// the error value and a traceback for clua_push_kept; not in a call that is made while an
// error of another one runs its closers. Returns a status.
int clua_call(lua_State *L, int arguments, int results);

// Push what the last clua_call kept, or nil. Never raise.
void clua_push_kept_traceback(lua_State *L);
void clua_push_kept_text(lua_State *L);

// The following do one Lua operation each under lua_pcall and return a status.
int clua_push_string(lua_State *L, const char *bytes, size_t count);
int clua_new_table(lua_State *L, int array, int record);
int clua_new_thread(lua_State *L);
// Pops a key, pushes table[key]; metamethods run.
int clua_get(lua_State *L, int table);
int clua_get_field(lua_State *L, int table, const char *name, size_t count);
int clua_get_index(lua_State *L, int table, lua_Integer index);
// Pushes the field of the table at `table` whose name lies at `name` for as long as the
// program lives: the state keeps the string under that address, so that a name that it knows,
// in a table without a metatable, needs no protected call. Metamethods run.
int clua_get_named(lua_State *L, int table, const char *name, size_t count);
// Pop a value (and, for clua_set, the key below it) and store it; metamethods run. On an
// error they leave the error value in the place of what they popped.
int clua_set(lua_State *L, int table);
int clua_set_field(lua_State *L, int table, const char *name, size_t count);
int clua_set_index(lua_State *L, int table, lua_Integer index);
int clua_raw_set(lua_State *L, int table);
int clua_raw_set_index(lua_State *L, int table, lua_Integer index);
int clua_set_registry(lua_State *L, const void *key);
// Pops a key, pushes the next key and its value, or one nil at the end.
int clua_next(lua_State *L, int table);
// Push the length, as # gives it but always an integer, and the text, as tostring gives it.
int clua_length(lua_State *L, int index);
int clua_to_text(lua_State *L, int index);
// Pushes the text that an error value makes of itself: a number's, or what __tostring gives;
// else nil.
int clua_error_text(lua_State *L, int index);
// Pushes the position of the function at `level`, as luaL_where does, or of its first caller
// outside of CLUA_TASK_CHUNK.
int clua_where(lua_State *L, int level);
// Writes where the function at `level` is, as in "script.lua:3", or "" where that is not
// known. Never raises.
void clua_place(lua_State *L, int level, char *buffer, size_t count);
// Pushes a traceback of `of`, after `message` where that is not NULL.
int clua_traceback(lua_State *L, lua_State *of, const char *message, int level);
// Pushes what os.execute gives for a process's status, or for an errno value: three values.
int clua_push_outcome(lua_State *L, int status, int failure);
// Pushes whether two values are equal, as == says.
int clua_equal(lua_State *L, int left, int right);
// Push a compiled chunk; `path` NULL is standard input.
int clua_load(
  lua_State *L, const char *bytes, size_t count, const char *name, const char *mode);
int clua_load_file(lua_State *L, const char *path);
// Opens the standard libraries, with the coroutine functions of this target.
int clua_open_libraries(lua_State *L);
// Makes the libraries ignore the environment; before they are opened.
int clua_ignore_environment(lua_State *L);
// Turns warnings on or off. Never raises.
void clua_set_warnings(lua_State *L, bool on);
// Runs a whole collection; or sets the generational mode.
int clua_collect(lua_State *L);
int clua_set_generational(lua_State *L);
// Runs a finished or suspended coroutine's closing and resets it; with an error its
// value is on top of the stack of `co`. The status of lua_resetthread. Never raises.
int clua_reset_thread(clua_host *host, lua_State *co);

// ---- Swift functions and values -------------------------------------------------------

typedef int (*clua_invoke)(void *context, lua_State *L);
typedef void (*clua_release)(void *context);

// Pushes a function that calls invoke(context, L). `release` is called when Lua has
// collected it. On an error the context still belongs to the caller. Returns a status.
int clua_push_function(
  lua_State *L, clua_invoke invoke, clua_release release, void *context);

// Pushes a userdata of the type `type` that owns `value`, with the metatable that
// clua_set_registry stored under `type`. On an error the value still belongs to the
// caller. Returns a status.
int clua_push_object(
  lua_State *L, const void *type, clua_release release, void *value, int user_values);

// The value of a userdata of that type at `index`, or NULL. Whatever a script does with
// the debug library, the answer is true. Never raises.
void *clua_to_object(lua_State *L, int index, const void *type);

// The same for any type of object, with its type where `type` is not NULL. Never raises.
void *clua_to_any_object(lua_State *L, int index, const void **type);

// Given on the stack: a table of methods, one of getters and one of setters (each getter
// and setter a function of clua_push_function) and the metatable, pops the first three
// and completes the metatable with __index, __newindex and __gc. Returns a status.
int clua_complete_metatable(lua_State *L);

// ---- Coroutines and tasks -------------------------------------------------------------

// Resumes `co` from `from` and keeps track of what is running. As lua_resume. Never
// raises.
int clua_resume(clua_host *host, lua_State *co, lua_State *from, int arguments, int *results);

// Whether the last yield of `co` was for a host's wait, which is then in host->wait; the
// answer is given once. Never raises.
bool clua_take_wait(clua_host *host, lua_State *co);

// Marks a coroutine as a task's own, from which a script cannot yield. Never raises.
void clua_mark_task(lua_State *L);

// Puts the host's coroutine functions into the table on top of the stack. Raises.
void clua_replace_coroutines(lua_State *L);

// Keeps the debug library in the table on top from changing what C code takes for granted.
// Raises.
void clua_guard_debug(lua_State *L);

// Puts the host's popen into the table on top of the stack. Raises.
void clua_replace_popen(lua_State *L);

// Makes os.exit, in the table on top, tell the host first. Raises.
void clua_replace_exit(lua_State *L);

// The trampoline's end: acts on what a Swift function returned. Raises.
int clua_finish(lua_State *L, int results);

// ---- Macros of lua.h that Swift cannot see --------------------------------------------

static inline void clua_pop(lua_State *L, int count) { lua_settop(L, -count - 1); }
static inline int clua_upvalue_index(int index) { return lua_upvalueindex(index); }
static inline int clua_registry_index(void) { return LUA_REGISTRYINDEX; }
static inline const char *clua_copyright(void) { return LUA_COPYRIGHT; }
static inline void clua_insert(lua_State *L, int index) { lua_rotate(L, index, 1); }
static inline void clua_remove(lua_State *L, int index) {
  lua_rotate(L, index, -1);
  clua_pop(L, 1);
}
static inline void clua_replace(lua_State *L, int index) {
  lua_copy(L, -1, index);
  clua_pop(L, 1);
}
static inline void clua_push_globals(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

#endif
