// A server of images in one thread, for measuring clients: it answers at once, and does so little for
// each answer that no client waits for it.
//
// POST to a path with /v1/ in it is answered as OpenAI-style services do, with one image in base64;
// any other POST with the image itself; a GET with the number of POSTs so far. Each image differs
// from all others in a few bytes.
#ifndef STUB_H
#define STUB_H

#include <stddef.h>

// Listens on a free port of the loopback address. Gives the socket, or -1.
int stub_listen(int *port);

// Serves images of so many bytes (at least 256) until the process ends; returns only on a failure.
void stub_serve(int listener, size_t image_bytes);

#endif
