// The child processes of scripts. As system() and popen(), but the scheduler can run while a script
// waits for a child, and the host can kill it.
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#else
#include <sys/event.h>
#endif

#include "internal.h"

extern char **environ;

// ---- The list of children --------------------------------------------------------------

typedef struct child {
  pid_t process;
  bool takes_ctrl_c;  // as with system(): Ctrl-C reaches only the child
  struct child *next;
} child;

// `lock` guards the variables below it.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static child *children;
static int ctrl_c_children;
static struct sigaction saved_interrupt, saved_quit;

// Ignores SIGINT and SIGQUIT while somebody waits for a child, as system() does.
static void ignore_keyboard_signals(void) {
  if (ctrl_c_children++ > 0) return;
  struct sigaction ignore = {0};
  ignore.sa_handler = SIG_IGN;
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGINT, &ignore, &saved_interrupt);
  sigaction(SIGQUIT, &ignore, &saved_quit);
}

static void restore_keyboard_signals(void) {
  if (--ctrl_c_children > 0) return;
  sigaction(SIGINT, &saved_interrupt, NULL);
  sigaction(SIGQUIT, &saved_quit, NULL);
}

// The signals to reset to their default in a child: those that are ignored only because of
// ignore_keyboard_signals or a library, not because this process was started that way.
static void default_signals(sigset_t *set) {
  sigemptyset(set);
  struct sigaction now;
  const struct sigaction *interrupt = &saved_interrupt, *quit = &saved_quit;
  struct sigaction current_interrupt, current_quit;
  if (ctrl_c_children == 0) {
    sigaction(SIGINT, NULL, &current_interrupt);
    sigaction(SIGQUIT, NULL, &current_quit);
    interrupt = &current_interrupt;
    quit = &current_quit;
  }
  if (interrupt->sa_handler != SIG_IGN) sigaddset(set, SIGINT);
  if (quit->sa_handler != SIG_IGN) sigaddset(set, SIGQUIT);
  if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_IGN
      && !clua_ignored_broken_pipe()) {
    sigaddset(set, SIGPIPE);
  }
}

static int spawn(
  const char *command, const posix_spawn_file_actions_t *actions, pid_t *process) {
  posix_spawnattr_t attributes;
  int failure = posix_spawnattr_init(&attributes);
  if (failure != 0) return failure;
  sigset_t mask, defaults;
  clua_inherited_mask(&mask);
  default_signals(&defaults);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char *arguments[] = {"sh", "-c", (char *)command, NULL};
  failure = posix_spawn(process, "/bin/sh", actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  return failure;
}

int clua_start_child(
  const char *command, bool takes_ctrl_c, const posix_spawn_file_actions_t *actions,
  pid_t *process) {
  child *entry = malloc(sizeof *entry);
  if (entry == NULL) return ENOMEM;
  pthread_mutex_lock(&lock);
  if (takes_ctrl_c) ignore_keyboard_signals();
  int failure = spawn(command, actions, process);
  if (failure == 0) {
    *entry = (child){*process, takes_ctrl_c, children};
    children = entry;
  } else {
    if (takes_ctrl_c) restore_keyboard_signals();
    free(entry);
  }
  pthread_mutex_unlock(&lock);
  return failure;
}

int clua_spawn_child(const char *command, pid_t *process) {
  return clua_start_child(command, true, NULL, process);
}

int clua_watch_child(pid_t process) {
#ifdef __linux__
#ifdef SYS_pidfd_open
  return (int)syscall(SYS_pidfd_open, process, 0);
#else
  return -1;
#endif
#else
  int queue = kqueue();
  struct kevent event;
  EV_SET(&event, process, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, NULL);
  if (queue >= 0) fcntl(queue, F_SETFD, FD_CLOEXEC);
  if (queue >= 0 && kevent(queue, &event, 1, NULL, 0, NULL) < 0) {
    close(queue);
    return -1;
  }
  return queue;
#endif
}

bool clua_reap_child(pid_t process, bool waits, int *status) {
  // A child that is not in the list was reaped; its id may belong to another process.
  pthread_mutex_lock(&lock);
  child **link = &children;
  while (*link != NULL && (*link)->process != process) link = &(*link)->next;
  bool is_known = *link != NULL;
  pthread_mutex_unlock(&lock);
  *status = 0;
  if (!is_known) return true;
  pid_t reaped;
  do {
    reaped = waitpid(process, status, waits ? 0 : WNOHANG);
  } while (reaped < 0 && errno == EINTR);
  if (reaped == 0) return false;
  pthread_mutex_lock(&lock);
  link = &children;
  while (*link != NULL && (*link)->process != process) link = &(*link)->next;
  child *entry = *link;
  if (entry != NULL) {
    *link = entry->next;
    if (entry->takes_ctrl_c) restore_keyboard_signals();
    free(entry);
  }
  pthread_mutex_unlock(&lock);
  return true;
}

bool clua_make_pipe(int ends[2]) {
#ifdef __linux__
  return pipe2(ends, O_CLOEXEC) == 0;
#else
  if (pipe(ends) != 0) return false;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return true;
#endif
}

// ---- Killing a child and its descendants ----------------------------------------------

#ifdef __linux__

// The parent of a process, or 0.
static pid_t parent_of(pid_t process) {
  char path[40], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  if (count <= 0) return 0;
  text[count] = '\0';
  // The command name before it, in parentheses, may contain anything.
  char *end = strrchr(text, ')');
  int parent = 0;
  return end != NULL && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

enum { MAX_PROCESSES = 1024 };

// Appends the children of the listed processes; returns the new count.
static int add_descendants(pid_t *list, int count) {
  DIR *folder = opendir("/proc");
  if (folder == NULL) return count;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (!isdigit((unsigned char)entry->d_name[0]) || count == MAX_PROCESSES) continue;
    pid_t process = (pid_t)atoi(entry->d_name), parent = parent_of(process);
    bool is_child = false, is_known = false;
    for (int i = 0; i < count; i++) {
      is_child = is_child || list[i] == parent;
      is_known = is_known || list[i] == process;
    }
    if (is_child && !is_known) list[count++] = process;
  }
  closedir(folder);
  return count;
}

static void kill_tree(pid_t process) {
  pid_t list[MAX_PROCESSES] = {process};
  int stopped = 0, count = 1;
  // Stopped processes start no others, so the list is complete once it stops growing.
  while (stopped < count) {
    for (; stopped < count; stopped++) kill(list[stopped], SIGSTOP);
    count = add_descendants(list, count);
  }
  for (int i = count - 1; i >= 0; i--) kill(list[i], SIGKILL);
}

#else

static void kill_tree(pid_t process) { kill(process, SIGKILL); }

#endif

void clua_kill_child(pid_t process) {
  pthread_mutex_lock(&lock);
  const child *entry = children;
  while (entry != NULL && entry->process != process) entry = entry->next;
  if (entry != NULL) kill_tree(process);
  pthread_mutex_unlock(&lock);
}

void clua_kill_children(void) {
  for (;;) {
    pthread_mutex_lock(&lock);
    pid_t process = children != NULL ? children->process : 0;
    if (process != 0) kill_tree(process);
    pthread_mutex_unlock(&lock);
    int status;
    if (process == 0) return;
    clua_reap_child(process, true, &status);
  }
}
