#ifndef CLUA_COROUTINES_H
#define CLUA_COROUTINES_H

// Coroutines and tasks.

#include "clua_host.h"

// As lua_resume, and keeps host->running up to date. Never raises.
int clua_resume(clua_host *host, lua_State *co, lua_State *from, int arguments, int *results);

// Closes the pending variables of a finished or suspended coroutine and resets it. Returns the status
// of lua_resetthread; an error value is on top of `co`. Never raises.
int clua_reset_thread(clua_host *host, lua_State *co);

// Whether the last yield of `co` was for a wait of the host, now in host->wait. Returns true only
// once for a yield. Never raises.
bool clua_take_wait(clua_host *host, lua_State *co);

// Marks the coroutine of a task, from which a script cannot yield. Never raises.
void clua_mark_task(lua_State *L);

#endif
