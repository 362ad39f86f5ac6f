#ifndef CLUA_HOST_H
#define CLUA_HOST_H

// A Lua state and its bookkeeping: life, memory and interrupts.

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

#endif
