#include "internal.h"

#include <stdio.h>

// The userdata of a Swift function. After its finalizer has run, `invoke` raises: while a state
// closes, a later finalizer may still call the function.
typedef struct function {
  const void *magic;
  clua_invoke invoke;
  clua_release release;
  void *context;
} function;

// The userdata of a Swift value. The debug library can set any metatable on any userdata, so the
// block identifies itself.
typedef struct object {
  const void *magic;
  const void *type;
  clua_release release;
  void *value;
} object;

static const char function_key = 0;
static const char function_magic = 0;
static const char object_magic = 0;

static int call_function(lua_State *L) {
  function *f = lua_touserdata(L, lua_upvalueindex(1));
  int results = f->invoke(f->context, L);
  if (__builtin_expect(results >= 0, 1)) return results;
  return clua_finish(L, results);
}

static int refuse(void *context, lua_State *L) {
  (void)context;
  (void)L;
  return CLUA_RAISE;  // Raises whatever is on top.
}

static function *function_at(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(function)) return NULL;
  function *f = lua_touserdata(L, index);
  return f->magic == &function_magic ? f : NULL;
}

static int collect_function(lua_State *L) {
  function *f = function_at(L, 1);
  // Release only a block that this file made, and only once.
  if (f == NULL || f->release == NULL) return 0;
  clua_release release = f->release;
  f->invoke = refuse;
  f->release = NULL;
  release(f->context);
  return 0;
}

static object *object_at(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(object)) return NULL;
  object *o = lua_touserdata(L, index);
  return o->magic == &object_magic ? o : NULL;
}

static int collect_object(lua_State *L) {
  object *o = object_at(L, 1);
  if (o == NULL || o->release == NULL) return 0;
  clua_release release = o->release;
  void *value = o->value;
  // Keep the magic, so that scripts never reach the user values.
  o->type = NULL;
  o->release = NULL;
  o->value = NULL;
  release(value);
  return 0;
}

void clua_prepare_functions(lua_State *L) {
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, collect_function);
  lua_setfield(L, -2, "__gc");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &function_key);
}

typedef struct function_parameters {
  clua_invoke invoke;
  clua_release release;
  void *context;
} function_parameters;

static void refuse_when_closing(lua_State *L) {
  if (clua_host_of(L)->is_closing) luaL_error(L, "the Lua state is closing");
}

static int push_function(lua_State *L, const clua_operation *o) {
  refuse_when_closing(L);
  const function_parameters *parameters = o->context;
  function *f = lua_newuserdatauv(L, sizeof *f, 0);
  *f = (function){NULL, refuse, NULL, NULL};
  lua_rawgetp(L, LUA_REGISTRYINDEX, &function_key);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, call_function, 1);
  // Nothing raises from here on, so the block may own the context.
  *f = (function){&function_magic, parameters->invoke, parameters->release, parameters->context};
  return 1;
}

int clua_push_function(
  lua_State *L, clua_invoke invoke, clua_release release, void *context) {
  function_parameters parameters = {invoke, release, context};
  clua_operation o = {.work = push_function, .context = &parameters};
  return clua_protect(L, &o, 1);
}

typedef struct object_parameters {
  const void *type;
  clua_release release;
  void *value;
  int user_values;
} object_parameters;

static int push_object(lua_State *L, const clua_operation *request) {
  refuse_when_closing(L);
  const object_parameters *parameters = request->context;
  object *o = lua_newuserdatauv(L, sizeof *o, parameters->user_values);
  *o = (object){NULL, NULL, NULL, NULL};
  lua_rawgetp(L, LUA_REGISTRYINDEX, parameters->type);
  lua_setmetatable(L, -2);
  *o = (object){&object_magic, parameters->type, parameters->release, parameters->value};
  return 1;
}

int clua_push_object(
  lua_State *L, const void *type, clua_release release, void *value, int user_values) {
  object_parameters parameters = {type, release, value, user_values};
  clua_operation o = {.work = push_object, .context = &parameters};
  return clua_protect(L, &o, 1);
}

void *clua_to_object(lua_State *L, int index, const void *type) {
  object *o = object_at(L, index);
  return o != NULL && o->type == type ? o->value : NULL;
}

void *clua_to_any_object(lua_State *L, int index, const void **type) {
  object *o = object_at(L, index);
  if (o == NULL) return NULL;
  if (type != NULL) *type = o->type;
  return o->value;
}

// __index: upvalue 1 holds the methods, and for each property the block of its getter, which is
// invoked directly with self and the name on the stack.
static int index_object(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TUSERDATA) return 1;
  function *f = lua_touserdata(L, -1);
  lua_settop(L, 2);
  int results = f->invoke(f->context, L);
  return results >= 0 ? results : clua_finish(L, results);
}

// __newindex: upvalue 1 holds the blocks of the setters, upvalue 2 the type name.
static int assign_object(lua_State *L) {
  lua_settop(L, 3);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TUSERDATA) {
    return luaL_error(
      L, "cannot set field '%s' of %s", luaL_tolstring(L, 2, NULL),
      lua_tostring(L, lua_upvalueindex(2)));
  }
  function *f = lua_touserdata(L, -1);
  // A setter gets self and the value.
  lua_settop(L, 3);
  lua_remove(L, 2);
  int results = f->invoke(f->context, L);
  return results >= 0 ? results : clua_finish(L, results);
}

// Copies the blocks of the functions of the table at `from` into the table at `to`.
static void copy_accessors(lua_State *L, int from, int to) {
  lua_pushnil(L);
  while (lua_next(L, from) != 0) {
    lua_pushvalue(L, -2);
    if (lua_getupvalue(L, -2, 1) == NULL) luaL_error(L, "an accessor is not a host function");
    lua_rawset(L, to);
    lua_pop(L, 1);
  }
}

// Stack: methods, getters, setters, metatable.
static int complete_metatable(lua_State *L, const clua_operation *o) {
  (void)o;
  copy_accessors(L, 2, 1);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, index_object, 1);
  lua_setfield(L, 4, "__index");
  lua_newtable(L);
  copy_accessors(L, 3, lua_gettop(L));
  lua_getfield(L, 4, "__name");
  lua_pushcclosure(L, assign_object, 2);
  lua_setfield(L, 4, "__newindex");
  lua_pushcfunction(L, collect_object);
  lua_setfield(L, 4, "__gc");
  return 1;
}

int clua_complete_metatable(lua_State *L) {
  clua_operation o = {.work = complete_metatable, .arguments = 4};
  return clua_protect(L, &o, 1);
}

bool clua_is_host_function(lua_CFunction f) {
  return f == call_function || f == index_object || f == assign_object;
}

bool clua_is_host_block(lua_State *L, int index) {
  return object_at(L, index) != NULL || function_at(L, index) != NULL;
}

// Pops the name first: if the argument is missing, the name would be at its index.
static int type_error(lua_State *L, int argument) {
  char name[64];
  snprintf(name, sizeof name, "%s", lua_tostring(L, -1));
  lua_pop(L, 1);
  return luaL_typeerror(L, argument, name);
}

int clua_finish(lua_State *L, int results) {
  clua_host *host = clua_host_of(L);
  switch (results) {
    case CLUA_ARGUMENT: return luaL_argerror(L, host->argument, lua_tostring(L, -1));
    case CLUA_TYPE: return type_error(L, host->argument);
    case CLUA_WAIT: return clua_wait(L);
    case CLUA_TEXT:
      clua_push_where(L, 1);
      lua_insert(L, -2);
      lua_concat(L, 2);
      return lua_error(L);
    default: return lua_error(L);
  }
}
