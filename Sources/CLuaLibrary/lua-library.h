#ifndef IMAGINE_CLUA_LIBRARY_H
#define IMAGINE_CLUA_LIBRARY_H
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#endif
