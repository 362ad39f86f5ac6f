// Programs that a script starts. What lua5.4 does with system() and popen(), but so that the host
// can wait for them without standing still, and can end them.
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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

// ---- The children that live -----------------------------------------------------------

typedef struct child {
  pid_t process;
  bool is_waited_for;  // as by system(): Ctrl-C is for the child alone
  struct child *next;
} child;

// `lock` guards what follows it.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static child *children;
static int waited_for;
static struct sigaction saved_interrupt, saved_quit;

// SIGINT and SIGQUIT are ignored while somebody waits for a child, as system() does.
static void ignore_keys(void) {
  if (waited_for++ > 0) return;
  struct sigaction ignore = {0};
  ignore.sa_handler = SIG_IGN;
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGINT, &ignore, &saved_interrupt);
  sigaction(SIGQUIT, &ignore, &saved_quit);
}

static void mind_keys(void) {
  if (--waited_for > 0) return;
  sigaction(SIGINT, &saved_interrupt, NULL);
  sigaction(SIGQUIT, &saved_quit, NULL);
}

// Which signals have their default in a child: those that the program itself does not ignore, but
// ignores now for its children's sake or because a library has asked for it.
static void default_signals(sigset_t *set) {
  sigemptyset(set);
  struct sigaction now;
  const struct sigaction *interrupt = &saved_interrupt, *quit = &saved_quit;
  struct sigaction current_interrupt, current_quit;
  if (waited_for == 0) {
    sigaction(SIGINT, NULL, &current_interrupt);
    sigaction(SIGQUIT, NULL, &current_quit);
    interrupt = &current_interrupt;
    quit = &current_quit;
  }
  if (interrupt->sa_handler != SIG_IGN) sigaddset(set, SIGINT);
  if (quit->sa_handler != SIG_IGN) sigaddset(set, SIGQUIT);
  if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_IGN
      && !clua_inherited_broken_pipe()) {
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

static int start(
  const char *command, bool is_waited_for, const posix_spawn_file_actions_t *actions,
  pid_t *process) {
  child *entry = malloc(sizeof *entry);
  if (entry == NULL) return ENOMEM;
  pthread_mutex_lock(&lock);
  if (is_waited_for) ignore_keys();
  int failure = spawn(command, actions, process);
  if (failure == 0) {
    *entry = (child){*process, is_waited_for, children};
    children = entry;
  } else {
    if (is_waited_for) mind_keys();
    free(entry);
  }
  pthread_mutex_unlock(&lock);
  return failure;
}

int clua_start_program(const char *command, pid_t *process) {
  return start(command, true, NULL, process);
}

int clua_watch_program(pid_t process) {
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

bool clua_reap_program(pid_t process, bool waits, int *status) {
  // A child that is not in the list is reaped already, and its id may be another's.
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
    if (entry->is_waited_for) mind_keys();
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

// ---- Ending a program and all that it has started -------------------------------------

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
  // The name before it, in parentheses, may be anything.
  char *end = strrchr(text, ')');
  int parent = 0;
  return end != NULL && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

enum { MOST_PROCESSES = 1024 };

// Adds the children of those in the list; returns how many there are then.
static int add_descendants(pid_t *list, int count) {
  DIR *folder = opendir("/proc");
  if (folder == NULL) return count;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (!isdigit((unsigned char)entry->d_name[0]) || count == MOST_PROCESSES) continue;
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

static void end_tree(pid_t process) {
  pid_t list[MOST_PROCESSES] = {process};
  int stopped = 0, count = 1;
  // Stopped, they start no more; so the list is complete when it does not grow.
  while (stopped < count) {
    for (; stopped < count; stopped++) kill(list[stopped], SIGSTOP);
    count = add_descendants(list, count);
  }
  for (int i = count - 1; i >= 0; i--) kill(list[i], SIGKILL);
}

#else

static void end_tree(pid_t process) { kill(process, SIGKILL); }

#endif

void clua_end_program(pid_t process) {
  pthread_mutex_lock(&lock);
  const child *entry = children;
  while (entry != NULL && entry->process != process) entry = entry->next;
  if (entry != NULL) end_tree(process);
  pthread_mutex_unlock(&lock);
}

void clua_end_programs(void) {
  for (;;) {
    pthread_mutex_lock(&lock);
    pid_t process = children != NULL ? children->process : 0;
    if (process != 0) end_tree(process);
    pthread_mutex_unlock(&lock);
    int status;
    if (process == 0) return;
    clua_reap_program(process, true, &status);
  }
}

// ---- io.popen -------------------------------------------------------------------------

// The pipe behind a stream that io.popen has made.
typedef struct stream {
  clua_host *host;  // NULL where it does not wait in place any more
  FILE *file;
  int end;
  pid_t process;
  struct stream *next;
} stream;

// Whether the host's own waiting may be used: not in a finalizer, where no other task may run.
static bool may_wait_in_place(lua_State *L) { return lua_gc(L, LUA_GCISRUNNING, 0) == 1; }

// Waits until a descriptor is ready. False where that was broken off: then the next instruction
// raises, and the program is ended.
static bool wait_for(stream *s, int descriptor, int events) {
  clua_host *host = s->host;
  struct pollfd ready = {descriptor, (short)events, 0};
  if (poll(&ready, 1, 0) > 0) return true;
  int outcome = 0;
  if (host != NULL && clua_current() == host && may_wait_in_place(host->running)) {
    outcome = host->callbacks.wait_for(host->context, host->running, descriptor, events);
  }
  if (outcome < 0) clua_end_program(s->process);
  // Where it cannot be waited for in place, a signal ends the wait.
  return outcome > 0 || (outcome == 0 && poll(&ready, 1, -1) > 0);
}

static ssize_t read_stream(void *context, char *buffer, size_t count) {
  stream *s = context;
  if (!wait_for(s, s->end, POLLIN)) {
    errno = EINTR;
    return -1;
  }
  return read(s->end, buffer, count);
}

static ssize_t write_stream(void *context, const char *bytes, size_t count) {
  stream *s = context;
  size_t written = 0;
  while (written < count) {
    // A pipe that is ready takes so many bytes without blocking.
    size_t piece = count - written < PIPE_BUF ? count - written : PIPE_BUF;
    if (!wait_for(s, s->end, POLLOUT)) {
      errno = EINTR;
      return 0;
    }
    ssize_t result = write(s->end, bytes + written, piece);
    if (result < 0) return 0;
    written += (size_t)result;
  }
  return (ssize_t)written;
}

static int close_end(void *context) { return close(((stream *)context)->end); }

#ifdef __linux__

static int seek_stream(void *context, off64_t *offset, int origin) {
  (void)context;
  (void)offset;
  (void)origin;
  errno = ESPIPE;
  return -1;
}

static FILE *open_file(stream *s, bool reads) {
  cookie_io_functions_t functions = {
    .read = reads ? read_stream : NULL, .write = reads ? NULL : write_stream,
    .seek = seek_stream, .close = close_end,
  };
  return fopencookie(s, reads ? "r" : "w", functions);
}

#else

static int read_piece(void *context, char *buffer, int count) {
  return (int)read_stream(context, buffer, (size_t)count);
}

static int write_piece(void *context, const char *bytes, int count) {
  ssize_t written = write_stream(context, bytes, (size_t)count);
  return written == 0 && count > 0 ? -1 : (int)written;
}

static FILE *open_file(stream *s, bool reads) {
  return funopen(s, reads ? read_piece : NULL, reads ? NULL : write_piece, NULL, close_end);
}

#endif

// Opens the pipe, starts the program, and makes the stream; NULL with errno.
static FILE *open_stream(clua_host *host, const char *command, bool reads) {
  int ends[2];
  if (!clua_make_pipe(ends)) return NULL;
  int ours = ends[reads ? 0 : 1], theirs = ends[reads ? 1 : 0];
  stream *s = malloc(sizeof *s);
  posix_spawn_file_actions_t actions;
  int failure = s == NULL ? ENOMEM : posix_spawn_file_actions_init(&actions);
  if (failure == 0) {
    *s = (stream){host, NULL, ours, 0, host->streams};
    failure = posix_spawn_file_actions_adddup2(&actions, theirs, reads ? 1 : 0);
    if (failure == 0 && (s->file = open_file(s, reads)) == NULL) failure = ENOMEM;
    if (failure == 0) failure = start(command, false, &actions, &s->process);
    posix_spawn_file_actions_destroy(&actions);
  }
  close(theirs);
  if (failure == 0) {
    host->streams = s;
    return s->file;
  }
  if (s != NULL && s->file != NULL) fclose(s->file); else close(ours);
  free(s);
  errno = failure;
  return NULL;
}

void clua_leave_streams(clua_host *host) {
  for (stream *s = host->streams; s != NULL; s = s->next) s->host = NULL;
}

void clua_end_streams(clua_host *host) {
  for (const stream *s = host->streams; s != NULL; s = s->next) clua_end_program(s->process);
}

static int close_stream(lua_State *L) {
  luaL_Stream *file = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  clua_host *host = clua_host_of(L);
  stream **link = &host->streams;
  while (*link != NULL && (*link)->file != file->f) link = &(*link)->next;
  stream *s = *link;
  if (s == NULL) return luaL_error(L, "this stream is not io.popen's");
  *link = s->next;
  fclose(s->file);
  int watch = clua_watch_program(s->process);
  if (watch >= 0) {
    wait_for(s, watch, POLLIN);
    close(watch);
  }
  int status;
  clua_reap_program(s->process, true, &status);
  free(s);
  errno = 0;
  return luaL_execresult(L, status);
}

static int open_program(lua_State *L) {
  const char *command = luaL_checkstring(L, 1);
  const char *mode = luaL_optstring(L, 2, "r");
  luaL_Stream *file = lua_newuserdatauv(L, sizeof *file, 0);
  file->closef = NULL;
  luaL_setmetatable(L, LUA_FILEHANDLE);
  bool is_mode = (*mode == 'r' || *mode == 'w') && mode[1] == '\0';
  luaL_argcheck(L, is_mode, 2, "invalid mode");
  fflush(NULL);
  errno = 0;
  file->f = open_stream(clua_host_of(L), command, *mode == 'r');
  if (file->f == NULL) return luaL_fileresult(L, 0, command);
  file->closef = close_stream;
  return 1;
}

void clua_replace_popen(lua_State *L) {
  lua_pushcfunction(L, open_program);
  lua_setfield(L, -2, "popen");
}
