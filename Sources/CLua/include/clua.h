#ifndef CLUA_H
#define CLUA_H

// The part of the embedding that must be C.
//
// Lua raises errors with longjmp. No longjmp may cross a Swift frame, so every function here keeps
// one of two promises, and its comment says which:
//
//   "never raises"   it always returns; Swift may call it anywhere;
//   "raises"         only Lua may call it: it is a lua_CFunction.
//
// A function that returns a status returns LUA_OK, or the status of lua_pcall with the error value on
// the stack in place of its results. Each needs at most CLUA_SLOTS free stack slots, which the caller
// reserves with lua_checkstack.

#include "clua_children.h"
#include "clua_coroutines.h"
#include "clua_host.h"
#include "clua_libraries.h"
#include "clua_session.h"
#include "clua_values.h"

#endif
