// What a script prints, given to the host in place of the standard streams.
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <stdio.h>

#include "internal.h"

#ifdef __linux__
static ssize_t write_stream(void *cookie, const char *bytes, size_t count) {
  clua_output *output = cookie;
  output->host->callbacks.write(output->host->context, output->stream, bytes, count);
  return (ssize_t)count;
}

static FILE *open_output(clua_output *output) {
  return fopencookie(output, "w", (cookie_io_functions_t){.write = write_stream});
}
#else
static int write_stream(void *cookie, const char *bytes, int count) {
  clua_output *output = cookie;
  output->host->callbacks.write(output->host->context, output->stream, bytes, (size_t)count);
  return count;
}

static FILE *open_output(clua_output *output) {
  return funopen(output, NULL, write_stream, NULL, NULL);
}
#endif

FILE *clua_stream(clua_host *host, int stream) {
  FILE *file = host->outputs[stream - 1].file;
  return file != NULL ? file : stream == CLUA_STDOUT ? stdout : stderr;
}

static int print(lua_State *L) {
  int count = lua_gettop(L);
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int i = 1; i <= count; i++) {
    if (i > 1) luaL_addchar(&line, '\t');
    luaL_tolstring(L, i, NULL);
    luaL_addvalue(&line);
  }
  luaL_addchar(&line, '\n');
  luaL_pushresult(&line);
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  fwrite(text, 1, length, clua_stream(clua_host_of(L), CLUA_STDOUT));
  return 0;
}

// Makes io.stdout or io.stderr, and the default output that is the same object, write to `file`.
static void redirect(lua_State *L, const char *name, FILE *file) {
  if (lua_getglobal(L, LUA_IOLIBNAME) == LUA_TTABLE) {
    lua_getfield(L, -1, name);
    luaL_Stream *stream = luaL_testudata(L, -1, LUA_FILEHANDLE);
    if (stream != NULL) stream->f = file;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static int capture_output(lua_State *L, const clua_operation *o) {
  (void)o;
  clua_host *host = clua_host_of(L);
  for (int i = 0; i < 2; i++) {
    clua_output *output = &host->outputs[i];
    output->host = host;
    output->stream = i + 1;
    output->file = open_output(output);
    if (output->file == NULL) return luaL_error(L, "not enough memory");
    // Each write is passed on at once.
    setvbuf(output->file, NULL, _IONBF, 0);
  }
  redirect(L, "stdout", host->outputs[0].file);
  redirect(L, "stderr", host->outputs[1].file);
  lua_pushcfunction(L, print);
  lua_setglobal(L, "print");
  return 0;
}

int clua_capture_output(lua_State *L) {
  clua_operation o = {.work = capture_output};
  return clua_protect(L, &o, 0);
}

void clua_close_output(clua_host *host) {
  for (int i = 0; i < 2; i++) {
    if (host->outputs[i].file != NULL) fclose(host->outputs[i].file);
  }
}
