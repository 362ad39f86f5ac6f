// memmem is not in the C standard.
#define _GNU_SOURCE 1
#include "stub.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
  most_connections = 256,
  most_request_bytes = 16384,
  // What differs from answer to answer lies in the first bytes of a body, a multiple of 12 so that it
  // is whole in base64 too.
  own_bytes = 120,
  mark_offset = 60,
};

struct connection {
  char request[most_request_bytes];
  size_t request_length;
  // The head of the answer and the first bytes of its body.
  char head[1024];
  size_t head_length;
  const char *rest;
  size_t rest_length;
  size_t sent;
};

static struct pollfd sockets[most_connections + 1];
static struct connection *connections[most_connections + 1];
static nfds_t socket_count;
static uint64_t answer_count;

static char *image;
static size_t image_length;
static char *json;
static size_t json_length;
static size_t json_prefix_length;

static const char json_prefix[] = "{\"created\":1,\"data\":[{\"b64_json\":\"";
static const char json_suffix[] = "\"}]}";
static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encode_base64(const unsigned char *bytes, size_t count, char *text) {
  size_t length = 0;
  for (size_t i = 0; i < count; i += 3) {
    uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)(i + 1 < count ? bytes[i + 1] : 0) << 8 |
                     (i + 2 < count ? bytes[i + 2] : 0);
    text[length++] = digits[group >> 18];
    text[length++] = digits[group >> 12 & 63];
    text[length++] = i + 1 < count ? digits[group >> 6 & 63] : '=';
    text[length++] = i + 2 < count ? digits[group & 63] : '=';
  }
  return length;
}

static void put_big_endian(char *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (char)(value >> (24 - 8 * i));
}

// The checksum of a PNG's chunk.
static uint32_t crc32(const char *bytes, size_t count) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < count; i++) {
    crc ^= (unsigned char)bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

// Writes a chunk around data that is there already; returns the place of the next chunk.
static char *frame_chunk(char *at, const char *name, size_t length) {
  put_big_endian(at, (uint32_t)length);
  memcpy(at + 4, name, 4);
  put_big_endian(at + 8 + length, crc32(at + 4, 4 + length));
  return at + 12 + length;
}

// A PNG that is complete by its chunks: a header, an ancillary chunk that holds the mark, noise in
// place of compressed pixels, an end. Clients check the chunks and decode nothing. The checksum of the
// ancillary chunk is wrong once a mark is set, which is no fault.
static void make_image(size_t length) {
  static const unsigned char beginning[] = {
      0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0, 13, 'I', 'H', 'D', 'R',
      0,    0,   4,   0,   0,  0,  4,  0,  8, 2, 0, 0,  0,   0xF0, 0x7F, 0xBC, 0xD4};
  enum { mark_chunk_bytes = 64, frames = 3 * 12 };
  image_length = length - length % 3;
  image = malloc(image_length);
  uint32_t noise = 1;
  for (size_t i = 0; i < image_length; i++) {
    noise = noise * 1664525u + 1013904223u;
    image[i] = (char)(noise >> 24);
  }
  memcpy(image, beginning, sizeof beginning);
  char *chunk = frame_chunk(image + sizeof beginning, "maRk", mark_chunk_bytes);
  chunk = frame_chunk(chunk, "IDAT", image_length - sizeof beginning - mark_chunk_bytes - frames);
  frame_chunk(chunk, "IEND", 0);
  json_prefix_length = strlen(json_prefix);
  json = malloc(json_prefix_length + image_length / 3 * 4 + sizeof json_suffix);
  memcpy(json, json_prefix, json_prefix_length);
  json_length = json_prefix_length;
  json_length += encode_base64((unsigned char *)image, image_length, json + json_length);
  memcpy(json + json_length, json_suffix, strlen(json_suffix));
  json_length += strlen(json_suffix);
}

static size_t begin_answer(struct connection *c, const char *type, size_t length) {
  return (size_t)snprintf(c->head, sizeof c->head,
                          "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type,
                          length);
}

static void prepare_answer(struct connection *c) {
  c->sent = 0;
  if (memcmp(c->request, "GET ", 4) == 0) {
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)answer_count);
    c->head_length = begin_answer(c, "text/plain", (size_t)length);
    memcpy(c->head + c->head_length, text, (size_t)length);
    c->head_length += (size_t)length;
    c->rest_length = 0;
    return;
  }
  char mark[9];
  snprintf(mark, sizeof mark, "%08llx", (unsigned long long)answer_count++);
  char *line_end = memchr(c->request, '\r', c->request_length);
  *line_end = 0;
  int is_json = strstr(c->request, "/v1/") != NULL;
  const char *body = is_json ? json : image;
  size_t length = is_json ? json_length : image_length;
  size_t own = is_json ? json_prefix_length + own_bytes : own_bytes;
  c->head_length = begin_answer(c, is_json ? "application/json" : "image/png", length);
  memcpy(c->head + c->head_length, body, own);
  // Eight hexadecimal digits are also eight digits of base64.
  memcpy(c->head + c->head_length + own - own_bytes + mark_offset, mark, 8);
  c->head_length += own;
  c->rest = body + own;
  c->rest_length = length - own;
}

// The length of the whole request at the beginning of the buffer; 0 where it is not complete.
static size_t whole_request(struct connection *c) {
  char *end = memmem(c->request, c->request_length, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t length = (size_t)(end - c->request) + 4;
  for (char *line = c->request; line < end; line = (char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1) {
    if (strncasecmp(line, "content-length:", 15) == 0) length += strtoul(line + 15, NULL, 10);
  }
  return length <= c->request_length ? length : 0;
}

// False where the connection is at its end.
static int send_answer(struct connection *c, int descriptor) {
  size_t total = c->head_length + c->rest_length;
  while (c->sent < total) {
    struct iovec pieces[2];
    int count = 0;
    if (c->sent < c->head_length) {
      pieces[count].iov_base = c->head + c->sent;
      pieces[count++].iov_len = c->head_length - c->sent;
    }
    size_t done = c->sent > c->head_length ? c->sent - c->head_length : 0;
    if (done < c->rest_length) {
      pieces[count].iov_base = (void *)(c->rest + done);
      pieces[count++].iov_len = c->rest_length - done;
    }
    ssize_t written = writev(descriptor, pieces, count);
    if (written < 0) return errno == EAGAIN;
    c->sent += (size_t)written;
  }
  c->head_length = c->rest_length = 0;
  return 1;
}

static int is_answering(struct connection *c) { return c->head_length > 0; }

static int serve_connection(struct connection *c, int descriptor, short events) {
  if (events & POLLOUT && is_answering(c) && !send_answer(c, descriptor)) return 0;
  if (events & (POLLIN | POLLHUP | POLLERR) && !is_answering(c)) {
    ssize_t count = read(descriptor, c->request + c->request_length,
                         most_request_bytes - c->request_length);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return 0;
    if (count > 0) c->request_length += (size_t)count;
  }
  while (!is_answering(c)) {
    size_t length = whole_request(c);
    if (length == 0) return c->request_length < most_request_bytes;
    prepare_answer(c);
    memmove(c->request, c->request + length, c->request_length - length);
    c->request_length -= length;
    if (!send_answer(c, descriptor)) return 0;
  }
  return 1;
}

static void accept_connection(int listener) {
  int descriptor = accept(listener, NULL, NULL);
  if (descriptor < 0) return;
  if (socket_count > most_connections) {
    close(descriptor);
    return;
  }
  int yes = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  connections[socket_count] = calloc(1, sizeof(struct connection));
  sockets[socket_count++] = (struct pollfd){.fd = descriptor, .events = POLLIN};
}

static void remove_connection(nfds_t index) {
  close(sockets[index].fd);
  free(connections[index]);
  socket_count--;
  sockets[index] = sockets[socket_count];
  connections[index] = connections[socket_count];
}

int stub_listen(int *port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
      listen(listener, 256) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) != 0)
    return -1;
  *port = ntohs(address.sin_port);
  return listener;
}

void stub_serve(int listener, size_t image_bytes) {
  make_image(image_bytes);
  sockets[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  socket_count = 1;
  while (poll(sockets, socket_count, -1) >= 0 || errno == EINTR) {
    if (sockets[0].revents) accept_connection(listener);
    for (nfds_t i = socket_count; i-- > 1;) {
      if (!sockets[i].revents) continue;
      if (serve_connection(connections[i], sockets[i].fd, sockets[i].revents)) {
        sockets[i].events = is_answering(connections[i]) ? POLLOUT : POLLIN;
      } else {
        remove_connection(i);
      }
    }
  }
}
