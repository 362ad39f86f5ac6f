#ifndef CLUA_VALUES_H
#define CLUA_VALUES_H

// Operations on Lua values, each protected; functions and objects that Swift owns.

#include "clua_host.h"

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
// Run a full collection; set the generational mode.
int clua_collect(lua_State *L);
int clua_set_generational(lua_State *L);

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

// Returns, raises or yields according to the code that a Swift function returned. Raises.
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
