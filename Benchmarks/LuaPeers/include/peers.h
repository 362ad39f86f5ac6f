#ifndef BENCHMARK_PEERS_H
#define BENCHMARK_PEERS_H

// A plain C host on the same liblua, with the functions that the Swift host is measured
// against.

#include <stddef.h>

typedef struct peer peer;

peer *peer_open(void);
void peer_close(peer *host);

// Runs a chunk and gives its first result as a number; aborts on an error.
double peer_run(peer *host, const char *chunk);

// Calls the global function `name` so many times with two numbers from C.
double peer_call_lua(peer *host, const char *name, long times);

// Runs the global function `body` as a coroutine that is resumed from C after each yield
// of `wait`. Returns how often it yielded.
long peer_drive(peer *host, const char *body);

// Makes so many coroutines of the global function `body`, resumes each once, and says how
// many bytes of Lua's each holds.
double peer_sleepers(peer *host, const char *body, long count);

#endif
