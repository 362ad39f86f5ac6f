#ifndef CLUA_H
#define CLUA_H

// The part of the embedding that must be C.
//
// Lua raises errors with longjmp. No longjmp may cross a Swift frame, so every function here keeps
// one of two promises, and its comment says which:
//
//   "never raises"   it always returns; Swift may call it anywhere;
//   "raises"         only Lua may call it: it is a lua_CFunction.
//
// A function that returns a status returns LUA_OK, or the status of lua_pcall with the error value on
// the stack in place of its results. Each needs at most CLUA_SLOTS free stack slots, which the caller
// reserves with lua_checkstack.

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
// Swift calls these through this module, so that its files need not import Glibc or Darwin.
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define CLUA_SLOTS 8

// The chunk name of the library `task`. Messages skip it and name the line that called the library.
#define CLUA_TASK_CHUNK "=[task]"

// What a Swift function returns instead of a number of results. The trampoline acts on it after all
// Swift frames have returned.
#define CLUA_RAISE (-1)     // the error value is on top of the stack
#define CLUA_ARGUMENT (-2)  // the message is on top, host->argument says which argument
#define CLUA_TYPE (-3)      // the name of the expected type is on top, argument as above
#define CLUA_WAIT (-4)      // host->wait must end before there are results
#define CLUA_TEXT (-5)      // a message is on top, to be raised after the caller's position

typedef struct clua_host clua_host;

// The callbacks from C to Swift. None of them raises.
typedef struct clua_callbacks {
  // Runs the scheduler until the wait is over; called when L cannot yield.
  void (*wait_in_place)(void *context, lua_State *L, uint64_t wait);
  // Pushes the results of a wait on L. Returns their number or a negative code from above;
  // CLUA_WAIT means that the wait is not over.
  int (*take_results)(void *context, lua_State *L, uint64_t wait);
  // Called when a deadline of the task on L has passed or its grace has ended. Pushes an error value
  // and returns a code if the task must raise, else returns 0.
  int (*task_due)(void *context, lua_State *L);
  // Waits in place until a descriptor is ready (events of poll). Returns 1 then, 0 if it cannot
  // wait, and a negative value if it was interrupted: then the next instruction raises.
  int (*wait_for)(void *context, lua_State *L, int descriptor, int events);
  // Called by os.exit. Returns whether the script may exit the process.
  bool (*will_exit)(void *context, bool succeeds);
  // Takes what a script writes to a captured stream, CLUA_STDOUT or CLUA_STDERR.
  void (*write)(void *context, int stream, const char *bytes, size_t count);
} clua_callbacks;

// Requests to the running code: the bits of clua_host.request.
enum clua_request {
  CLUA_RUNNING = 0,       // nothing
  CLUA_RAISE_ONCE = 1,    // the next instruction raises the interrupt's message
  CLUA_RAISE_ALWAYS = 2,  // every instruction does
  CLUA_TASK_DUE = 4,      // a deadline of the running task has passed: call task_due
  CLUA_TASK_ALWAYS = 8    // every instruction of the running task calls task_due
};

// What clua_call has kept of an error.
enum clua_kept {
  CLUA_KEPT_TRACEBACK = 1,
  CLUA_KEPT_TEXT = 2,
  CLUA_KEPT_OWN_TEXT = 4  // the text is from __tostring
};

// The streams of clua_capture_output.
enum clua_stream_number { CLUA_STDOUT = 1, CLUA_STDERR = 2 };

// A captured stream; `file` is NULL if it is not captured.
typedef struct clua_output {
  struct clua_host *host;
  int stream;
  void *file;
} clua_output;

// Sets of standard libraries.
enum clua_libraries {
  CLUA_LIBRARY_BASIC = 1,  // the global functions, coroutine, math, string, table, utf8
  CLUA_LIBRARY_PACKAGE = 2,
  CLUA_LIBRARY_IO = 4,  // also dofile and loadfile
  CLUA_LIBRARY_OS = 8,
  CLUA_LIBRARY_DEBUG = 16
};

// The memory limit and use of a state. It outlives the state, so that a reservation can be released
// at any time. `limit` never changes. Only the Lua thread writes `used` and the last two fields;
// any thread changes `reserved`, with the functions below.
typedef struct clua_memory {
  size_t limit;     // for Lua and the reservations together, in bytes; 0 means no limit
  size_t used;      // bytes that Lua holds
  size_t reserved;  // bytes that the host holds for scripts
  int64_t allocations;      // growing allocations so far
  int64_t fail_allocation;  // the first that fails, for tests; 0 means none
} clua_memory;

// One Lua state and its bookkeeping. Only the Lua thread may use the fields, except `request`, which
// other threads set with the functions for it.
struct clua_host {
  lua_State *main;
  // The running lua_State; NULL before the first and after the last use. The signal handler reads
  // it.
  lua_State *volatile running;
  int request;
  int delivered;  // how often the hook has raised
  // The running task belongs to an earlier statement of a session: an interrupt waits until another
  // task or the statement runs.
  bool is_shielded;
  char message[128];

  clua_memory *memory;
  const struct clua_operation *operation;  // of the protected call that is starting

  uint64_t wait;              // the wait of CLUA_WAIT
  lua_State *waiting_thread;  // the coroutine that last yielded for it
  int argument;
  // The state runs its last finalizers. New objects would never be finalized, so none that owns a
  // Swift value may be made.
  bool is_closing;
  int kept;     // by the last clua_call
  int keeping;  // by the message handler of a clua_call that has not returned
  bool keeps_locals;      // the message handler keeps the locals of `keeps_locals_of`
  const void *keeps_locals_of;

  struct stream *streams;  // open streams of io.popen
  clua_output outputs[2];

  clua_callbacks callbacks;
  void *context;
};

// ---- Life of a state ------------------------------------------------------------------

// Opens a state that accounts its memory in `memory`, which must outlive it. NULL if there is no
// memory. Never raises.
clua_host *clua_open(clua_memory *memory, clua_callbacks callbacks, void *context);

// Closes the state, running its finalizers, and frees the host. Never raises.
void clua_close(clua_host *host);

// Binds the host to the calling thread (NULL unbinds), for clua_current and the interrupt signal,
// and sets the thread's signal mask to the one that the process was started with, which child
// processes inherit. Never raises.
void clua_bind_thread(clua_host *host);

// The host that is bound to the calling thread, or NULL. Never raises.
clua_host *clua_current(void);

// Blocks all signals on the calling thread, which must run no script. Never raises.
void clua_block_signals(void);

// The host that a lua_State belongs to. Never raises.
static inline clua_host *clua_host_of(lua_State *L) {
  return (clua_host *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)7);
}

// ---- Memory ---------------------------------------------------------------------------

// Reserve and release bytes that the host holds for a script. clua_reserve returns false, and
// reserves nothing, if the limit leaves no room. From any thread. Never raise.
bool clua_reserve(clua_memory *memory, size_t bytes);
void clua_unreserve(clua_memory *memory, size_t bytes);

// The number of bytes that Lua holds. From any thread. Never raises.
size_t clua_memory_used(const clua_memory *memory);

// ---- Interrupting ---------------------------------------------------------------------

// The signal of interrupts; and the installation of its handler, once in a process. From any
// thread. Never raise.
int clua_interrupt_signal(void);
bool clua_install_interrupt(void);

// Set and read the interrupt request to the running script, and set the request to the running
// task. From any thread. Never raise.
void clua_set_request(clua_host *host, int request);
int clua_get_request(const clua_host *host);
void clua_set_task_request(clua_host *host, int request);

// Sets the message of the next interrupt, while none is requested. Never raises.
void clua_set_message(clua_host *host, const char *message);

// Sets the hook on the running lua_State if there is a request. On the Lua thread. Never raises.
void clua_arm(clua_host *host);

// Makes `to` the running lua_State and returns the previous one. Never raises.
lua_State *clua_switch(clua_host *host, lua_State *to);

// ---- Child processes -------------------------------------------------------------------

// Starts a shell command as system() does: SIGINT and SIGQUIT are ignored until it is reaped. The
// child gets the signal mask that this process was started with. Returns 0 or an errno value. From
// any thread, as all of these. Never raise.
int clua_spawn_child(const char *command, pid_t *process);

// A descriptor, closed on exec, that is readable once the process has ended; or -1.
int clua_watch_child(pid_t process);

// Reaps a process and returns its status as waitpid does. Without `waits` it returns false if the
// process has not ended.
bool clua_reap_child(pid_t process, bool waits, int *status);

// Opens a pipe whose ends are closed on exec, atomically: a child that another thread starts
// meanwhile must not inherit them.
bool clua_make_pipe(int ends[2]);

// Kills a process and its descendants. It must still be reaped.
void clua_kill_child(pid_t process);

// Kills the children of the open streams of io.popen.
void clua_kill_stream_children(clua_host *host);

// Kills and reaps all children; call before the process exits.
void clua_kill_children(void);

// Writes bytes to stderr, unbuffered. From any thread. Never raises.
void clua_write_stderr(const char *bytes, size_t count);

// ---- Protected calls ------------------------------------------------------------------

// Runs body(context, L) inside a C function on L, so that its values are popped afterwards. `body`
// must not raise. Returns a status; pushes nothing on success.
int clua_run(lua_State *L, void (*body)(void *context, lua_State *L), void *context);

// Calls the function below `arguments` values. If it raises, keeps the error text and a traceback
// for the functions below, except in a call that the closers of another failed call make. Returns a
// status.
int clua_call(lua_State *L, int arguments, int results);

// Push what the last clua_call has kept, or nil. Never raise.
void clua_push_kept_traceback(lua_State *L);
void clua_push_kept_text(lua_State *L);

// Each of the following performs one Lua operation under lua_pcall and returns a status.
int clua_push_string(lua_State *L, const char *bytes, size_t count);
int clua_new_table(lua_State *L, int array, int record);
int clua_new_thread(lua_State *L);
// Pops a key, pushes table[key]; metamethods run.
int clua_get(lua_State *L, int table);
int clua_get_field(lua_State *L, int table, const char *name, size_t count);
int clua_get_index(lua_State *L, int table, lua_Integer index);
// Pushes the field of the table at `table`. `name` must stay valid until the process exits: the
// state caches the Lua string under that address, so that later reads of a table without a metatable
// need no protected call. Metamethods run.
int clua_get_named(lua_State *L, int table, const char *name, size_t count);
// Pop a value (and, for clua_set, the key below it) and store it; metamethods run. After an error
// the error value is in their place.
int clua_set(lua_State *L, int table);
int clua_set_field(lua_State *L, int table, const char *name, size_t count);
int clua_set_index(lua_State *L, int table, lua_Integer index);
int clua_raw_set(lua_State *L, int table);
int clua_raw_set_index(lua_State *L, int table, lua_Integer index);
int clua_set_registry(lua_State *L, const void *key);
// Pops a key, pushes the next key and its value, or one nil at the end.
int clua_next(lua_State *L, int table);
// Push the length, as # but always an integer, and the text, as tostring.
int clua_length(lua_State *L, int index);
int clua_to_text(lua_State *L, int index);
// Pushes the text of an error value: a number's, or the result of __tostring; else nil.
int clua_error_text(lua_State *L, int index);
// Pushes the position of the function at `level`, as luaL_where does, skipping CLUA_TASK_CHUNK.
int clua_where(lua_State *L, int level);
// Writes the position of the function at `level`, as in "script.lua:3", or "" if unknown. Never
// raises.
void clua_write_position(lua_State *L, int level, char *buffer, size_t count);
// Pushes a traceback of `of`, after `message` if that is not NULL.
int clua_traceback(lua_State *L, lua_State *of, const char *message, int level);
// Pushes the three results of os.execute for a process status or an errno value.
int clua_push_outcome(lua_State *L, int status, int failure);
// Pushes whether two values are equal, as ==.
int clua_equal(lua_State *L, int left, int right);
// Push a compiled chunk; `path` NULL means standard input.
int clua_load(
  lua_State *L, const char *bytes, size_t count, const char *name, const char *mode);
int clua_load_file(lua_State *L, const char *path);
// Opens a set of standard libraries (clua_libraries), with the replaced functions of this target.
int clua_open_libraries(lua_State *L, int libraries);
// Gives what print, io.stdout and io.stderr write to the callback `write`, each write at once. Call
// after opening the libraries.
int clua_capture_output(lua_State *L);
// Makes the libraries ignore the environment; call before opening them.
int clua_ignore_environment(lua_State *L);
// Turns warnings on or off. Never raises.
void clua_set_warnings(lua_State *L, bool on);
// Run a full collection; set the generational mode.
int clua_collect(lua_State *L);
int clua_set_generational(lua_State *L);
// Closes the pending variables of a finished or suspended coroutine and resets it. Returns the status
// of lua_resetthread; an error value is on top of `co`. Never raises.
int clua_reset_thread(clua_host *host, lua_State *co);

// ---- Swift functions and values -------------------------------------------------------

typedef int (*clua_invoke)(void *context, lua_State *L);
typedef void (*clua_release)(void *context);

// Pushes a function that calls invoke(context, L). `release` is called when Lua collects it. After
// an error the caller still owns the context. Returns a status.
int clua_push_function(
  lua_State *L, clua_invoke invoke, clua_release release, void *context);

// Pushes a userdata of the type `type` that owns `value`, with the metatable that clua_set_registry
// stored under `type`. After an error the caller still owns the value. Returns a status.
int clua_push_object(
  lua_State *L, const void *type, clua_release release, void *value, int user_values);

// The value of a userdata of that type at `index`, or NULL. The debug library cannot fake it. Never
// raises.
void *clua_to_object(lua_State *L, int index, const void *type);

// The same for any type of object; stores its type if `type` is not NULL. Never raises.
void *clua_to_any_object(lua_State *L, int index, const void **type);

// Takes tables of methods, getters and setters (functions of clua_push_function) and a metatable
// from the stack; pops the first three and adds __index, __newindex and __gc to the metatable.
// Returns a status.
int clua_complete_metatable(lua_State *L);

// ---- Coroutines and tasks -------------------------------------------------------------

// As lua_resume, and keeps host->running up to date. Never raises.
int clua_resume(clua_host *host, lua_State *co, lua_State *from, int arguments, int *results);

// Whether the last yield of `co` was for a wait of the host, now in host->wait. Returns true only
// once for a yield. Never raises.
bool clua_take_wait(clua_host *host, lua_State *co);

// Marks the coroutine of a task, from which a script cannot yield. Never raises.
void clua_mark_task(lua_State *L);

// Puts the host's coroutine functions into the table on top of the stack. Raises.
void clua_replace_coroutines(lua_State *L);

// Guards the debug library in the table on top against changing what C code relies on. Raises.
void clua_guard_debug(lua_State *L);

// Puts the host's popen into the table on top of the stack. Raises.
void clua_replace_popen(lua_State *L);

// Makes os.exit in the table on top call will_exit first. Raises.
void clua_replace_exit(lua_State *L);

// Returns, raises or yields according to the code that a Swift function returned. Raises.
int clua_finish(lua_State *L, int results);

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

// Flushes stdout, without waiting for anything but its reader. Never raises.
void clua_flush_output(void);

// Forgets the end of file and the bytes that stdin has buffered. Never raises.
void clua_reset_input(void);

// Makes stdout write at the end of each line, wherever it goes. Never raises.
void clua_set_line_buffering(void);

// Waits with select, which works with terminals everywhere, until one of at most 8 descriptors is
// readable; sets a bit in `ready` for each. Returns as select does. Never raises.
int clua_wait_readable(const int *descriptors, int count, int milliseconds, unsigned *ready);

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
