// io.popen: a stream whose reads and writes wait in place.
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

// The pipe behind a stream that io.popen has made.
typedef struct stream {
  clua_host *host;  // NULL after clua_detach_streams
  FILE *file;
  int end;
  pid_t process;
  struct stream *next;
} stream;

// Whether to wait in place: not in a finalizer, where no other task may run.
static bool may_wait_in_place(lua_State *L) { return lua_gc(L, LUA_GCISRUNNING, 0) == 1; }

// Waits until a descriptor is ready. False if the wait was interrupted: the child is killed and the
// next instruction raises.
static bool wait_for(stream *s, int descriptor, int events) {
  clua_host *host = s->host;
  struct pollfd ready = {descriptor, (short)events, 0};
  if (poll(&ready, 1, 0) > 0) return true;
  int outcome = 0;
  if (host != NULL && clua_current() == host && may_wait_in_place(host->running)) {
    outcome = host->callbacks.wait_for(host->context, host->running, descriptor, events);
  }
  if (outcome < 0) clua_kill_child(s->process);
  // Without a wait in place a signal interrupts poll.
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
    // A ready pipe takes PIPE_BUF bytes without blocking.
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

// Opens the pipe, starts the child and makes the stream; NULL with errno on failure.
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
    if (failure == 0) failure = clua_start_child(command, false, &actions, &s->process);
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

void clua_detach_streams(clua_host *host) {
  for (stream *s = host->streams; s != NULL; s = s->next) s->host = NULL;
}

void clua_kill_stream_children(clua_host *host) {
  for (const stream *s = host->streams; s != NULL; s = s->next) clua_kill_child(s->process);
}

static int close_stream(lua_State *L) {
  luaL_Stream *file = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  clua_host *host = clua_host_of(L);
  stream **link = &host->streams;
  while (*link != NULL && (*link)->file != file->f) link = &(*link)->next;
  stream *s = *link;
  if (s == NULL) return luaL_error(L, "io.popen did not make this stream");
  *link = s->next;
  fclose(s->file);
  int watch = clua_watch_child(s->process);
  if (watch >= 0) {
    wait_for(s, watch, POLLIN);
    close(watch);
  }
  int status;
  clua_reap_child(s->process, true, &status);
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
