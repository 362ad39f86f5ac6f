#include <stdlib.h>

#include "internal.h"

// `used` has one writer, so an atomic load and store suffice; both compile to plain moves. Other
// threads read it to check a reservation.
static size_t used(const clua_memory *memory) {
  return __atomic_load_n(&memory->used, __ATOMIC_RELAXED);
}

static void set_used(clua_memory *memory, size_t bytes) {
  __atomic_store_n(&memory->used, bytes, __ATOMIC_RELAXED);
}

static bool has_room(const clua_memory *memory, size_t reserved, size_t bytes) {
  size_t limit = memory->limit == 0 ? PTRDIFF_MAX : memory->limit;
  size_t held = used(memory);
  return held <= limit && reserved <= limit - held && bytes <= limit - held - reserved;
}

// The contract of lua_Alloc: if `block` is NULL, `osize` is an object kind, not a size; `nsize` 0
// frees; a shrink must not fail. After a NULL Lua runs a full collection and retries before it
// raises "not enough memory", so the limit needs no collection here.
void *clua_allocate(void *context, void *block, size_t osize, size_t nsize) {
  clua_memory *memory = context;
  size_t old = block == NULL ? 0 : osize;
  if (nsize == 0) {
    free(block);
    set_used(memory, used(memory) - old);
    return NULL;
  }
  if (nsize > old) {
    memory->allocations += 1;
    if (memory->fail_allocation != 0 && memory->allocations >= memory->fail_allocation) return NULL;
    if (memory->limit != 0
        && !has_room(memory, __atomic_load_n(&memory->reserved, __ATOMIC_RELAXED), nsize - old)) {
      return NULL;
    }
  }
  void *result = realloc(block, nsize);
  if (result == NULL) {
    if (nsize > old) return NULL;
    result = block;
  }
  set_used(memory, used(memory) + nsize - old);
  return result;
}

size_t clua_memory_used(const clua_memory *memory) { return used(memory); }

bool clua_reserve(clua_memory *memory, size_t bytes) {
  size_t reserved = __atomic_load_n(&memory->reserved, __ATOMIC_RELAXED);
  do {
    if (!has_room(memory, reserved, bytes)) return false;
  } while (!__atomic_compare_exchange_n(
      &memory->reserved, &reserved, reserved + bytes, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return true;
}

void clua_unreserve(clua_memory *memory, size_t bytes) {
  __atomic_fetch_sub(&memory->reserved, bytes, __ATOMIC_RELAXED);
}
