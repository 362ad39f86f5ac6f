#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "internal.h"

static _Thread_local clua_host *bound;

void clua_bind_thread(clua_host *host) {
  bound = host;
  if (host == NULL) return;
  // A thread that was made by one with signals blocked, as the workers of Swift's
  // concurrency are, has them blocked too, and so would the programs that a script runs.
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, NULL);
}

clua_host *clua_current(void) { return bound; }

int clua_interrupt_signal(void) {
#ifdef SIGRTMIN
  return SIGRTMIN + 5;
#else
  return SIGUSR2;
#endif
}

void clua_set_request(clua_host *host, int request) {
  __atomic_store_n(&host->request, request, __ATOMIC_SEQ_CST);
}

int clua_get_request(const clua_host *host) {
  return __atomic_load_n(&host->request, __ATOMIC_SEQ_CST);
}

void clua_set_message(clua_host *host, const char *message) {
  snprintf(host->message, sizeof host->message, "%s", message);
}

static void interrupt_hook(lua_State *L, lua_Debug *activation) {
  (void)activation;
  clua_host *host = clua_host_of(L);
  int request = clua_get_request(host);
  if (request == CLUA_RUNNING) {
    // Left over from an interrupt that another coroutine has met.
    lua_sethook(L, NULL, 0, 0);
    return;
  }
  __atomic_fetch_add(&host->delivered, 1, __ATOMIC_SEQ_CST);
  if (request == CLUA_RAISE_ONCE) {
    clua_set_request(host, CLUA_RUNNING);
    lua_sethook(L, NULL, 0, 0);
  }
  luaL_error(L, "%s", host->message);
}

void clua_arm(clua_host *host) {
  lua_State *L = host->running;
  if (L != NULL && clua_get_request(host) != CLUA_RUNNING) {
    lua_sethook(
      L, interrupt_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
  }
}

lua_State *clua_switch(clua_host *host, lua_State *to) {
  lua_State *from = host->running;
  host->running = to;
  // A signal before this line finds the old state, one after it the new one; the check
  // that follows covers the first.
  atomic_signal_fence(memory_order_seq_cst);
  if (__builtin_expect(clua_get_request(host) != CLUA_RUNNING, 0)) clua_arm(host);
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
  // No SA_RESTART: a blocked read must end.
  installed = sigaction(clua_interrupt_signal(), &action, NULL) == 0;
}

bool clua_install_interrupt(void) {
  pthread_once(&installation, install);
  return installed;
}
