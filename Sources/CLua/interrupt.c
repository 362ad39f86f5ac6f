#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "internal.h"

static _Thread_local clua_host *bound;

// The signal mask of the first thread, and whether SIGPIPE was ignored, at process start.
static sigset_t inherited;
static bool ignored_broken_pipe;

__attribute__((constructor)) static void keep_inherited(void) {
  pthread_sigmask(SIG_SETMASK, NULL, &inherited);
  struct sigaction action;
  ignored_broken_pipe = sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void clua_bind_thread(clua_host *host) {
  bound = host;
  if (host == NULL) return;
  // Threads inherit the signal mask, and Swift's concurrency workers block signals. The child
  // processes of a script must not inherit that.
  sigset_t mask = inherited;
  sigdelset(&mask, clua_interrupt_signal());
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

bool clua_ignored_broken_pipe(void) { return ignored_broken_pipe; }

void clua_inherited_mask(sigset_t *mask) { *mask = inherited; }

void clua_block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
}

clua_host *clua_current(void) { return bound; }

int clua_interrupt_signal(void) {
#ifdef SIGRTMIN
  return SIGRTMIN + 5;
#else
  return SIGUSR2;
#endif
}

enum {
  INTERRUPT = CLUA_RAISE_ONCE | CLUA_RAISE_ALWAYS,
  TASK = CLUA_TASK_DUE | CLUA_TASK_ALWAYS,
};

static int all_requests(const clua_host *host) {
  return __atomic_load_n(&host->request, __ATOMIC_SEQ_CST);
}

static void replace_requests(clua_host *host, int mask, int request) {
  int old = all_requests(host);
  while (!__atomic_compare_exchange_n(
      &host->request, &old, (old & ~mask) | request, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {}
}

void clua_set_request(clua_host *host, int request) { replace_requests(host, INTERRUPT, request); }

int clua_get_request(const clua_host *host) { return all_requests(host) & INTERRUPT; }

void clua_set_task_request(clua_host *host, int request) { replace_requests(host, TASK, request); }

void clua_set_message(clua_host *host, const char *message) {
  snprintf(host->message, sizeof host->message, "%s", message);
}

// Enables hooks before a hook raises. Lua disables them while one runs, so the code that an error
// runs before it is caught (a message handler, the closers of a coroutine) could not be interrupted.
// Lua has no function for this; in every 5.4 release the flag is here (lstate.h: next, tt, marked,
// status, allowhook). A test checks that.
static void allow_hooks(lua_State *L) {
  _Static_assert(LUA_VERSION_NUM == 504, "where does lua_State keep allowhook?");
  unsigned char *allowhook = (unsigned char *)L + sizeof(void *) + 3;
  if (*allowhook == 0) *allowhook = 1;
}

// Whether the function that is called or returns is clua_keep_error. An error raised in it would
// replace the one that it must keep.
static bool is_message_handler(lua_State *L, lua_Debug *activation) {
  if (activation->event != LUA_HOOKCALL && activation->event != LUA_HOOKRET) return false;
  lua_getinfo(L, "f", activation);
  bool answer = lua_tocfunction(L, -1) == clua_keep_error;
  lua_pop(L, 1);
  return answer;
}

static void interrupt_hook(lua_State *L, lua_Debug *activation) {
  clua_host *host = clua_host_of(L);
  // A protected call of the host begins or ends; that is no instruction of the script.
  if (host->operation != NULL || is_message_handler(L, activation)) return;
  int request = all_requests(host);
  if (host->is_shielded) request &= ~INTERRUPT;
  if (request & INTERRUPT) {
    __atomic_fetch_add(&host->delivered, 1, __ATOMIC_SEQ_CST);
    if (request & CLUA_RAISE_ONCE) clua_set_request(host, CLUA_RUNNING);
    if (all_requests(host) == CLUA_RUNNING) lua_sethook(L, NULL, 0, 0);
    allow_hooks(L);
    luaL_error(L, "%s", host->message);
  }
  int result = request & TASK ? host->callbacks.task_due(host->context, L) : 0;
  // Also removes a hook left over from an interrupt that another coroutine has raised, or that must
  // wait. clua_switch sets it again.
  int left = all_requests(host);
  if (host->is_shielded) left &= ~INTERRUPT;
  if (left == CLUA_RUNNING) lua_sethook(L, NULL, 0, 0);
  if (result == 0) return;
  allow_hooks(L);
  clua_finish(L, result);
}

void clua_arm(clua_host *host) {
  lua_State *L = host->running;
  if (L != NULL && all_requests(host) != CLUA_RUNNING) {
    lua_sethook(
      L, interrupt_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
  }
}

lua_State *clua_switch(clua_host *host, lua_State *to) {
  lua_State *from = host->running;
  host->running = to;
  // A signal before this line arms the old state, one after it the new one. The check below covers
  // the first case.
  atomic_signal_fence(memory_order_seq_cst);
  if (__builtin_expect(all_requests(host) != CLUA_RUNNING, 0)) clua_arm(host);
  return from;
}

static void on_signal(int signal) {
  (void)signal;
  int saved = errno;
  clua_host *host = bound;
  if (host != NULL) clua_arm(host);
  errno = saved;
}

static pthread_once_t installation = PTHREAD_ONCE_INIT;
static bool installed;

static void install(void) {
  struct sigaction action = {0};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: the signal must interrupt a blocked read.
  installed = sigaction(clua_interrupt_signal(), &action, NULL) == 0;
}

bool clua_install_interrupt(void) {
  pthread_once(&installation, install);
  return installed;
}
