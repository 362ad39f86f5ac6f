#ifndef IMAGINE_BENCHMARKS_LUA_LIBRARY_H
#define IMAGINE_BENCHMARKS_LUA_LIBRARY_H
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#endif
