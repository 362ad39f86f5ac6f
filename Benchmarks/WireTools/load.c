// memmem is not in the C standard.
#define _GNU_SOURCE 1
#include "load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most_connections = 64, most_answer_bytes = 8192 };

struct exchange {
  char answer[most_answer_bytes];
  size_t length;
};

static int open_connection(int port) {
  int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
    close(descriptor);
    return -1;
  }
  int yes = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return descriptor;
}

// 1 where the answer is whole, 0 where more must come, -1 where it is none of status 200.
static int is_whole(struct exchange *e) {
  char *end = memmem(e->answer, e->length, "\r\n\r\n", 4);
  if (!end) return e->length < most_answer_bytes ? 0 : -1;
  if (memcmp(e->answer, "HTTP/1.1 200", 12) != 0) return -1;
  size_t length = (size_t)(end - e->answer) + 4;
  char *line = e->answer;
  while (line < end) {
    if (strncasecmp(line, "content-length:", 15) == 0) length += strtoul(line + 15, NULL, 10);
    line = (char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1;
  }
  return length <= e->length;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double load_measure(int port, const char *request, int connections, int count) {
  static struct exchange exchanges[most_connections];
  struct pollfd sockets[most_connections];
  size_t request_length = strlen(request);
  int begun = 0, ended = 0, failed = 0;
  if (connections > most_connections) connections = most_connections;
  for (int i = 0; i < connections; i++) {
    sockets[i] = (struct pollfd){.fd = open_connection(port), .events = POLLIN};
    if (sockets[i].fd < 0) failed = 1;
    exchanges[i].length = 0;
  }
  double start = now();
  for (int i = 0; i < connections && !failed; i++, begun++) {
    if (write(sockets[i].fd, request, request_length) != (ssize_t)request_length) failed = 1;
  }
  while (ended < begun && !failed && poll(sockets, (nfds_t)connections, 60000) > 0) {
    for (int i = 0; i < connections && !failed; i++) {
      if (!sockets[i].revents) continue;
      struct exchange *e = &exchanges[i];
      ssize_t received =
          read(sockets[i].fd, e->answer + e->length, most_answer_bytes - e->length);
      if (received <= 0) {
        failed = 1;
        break;
      }
      e->length += (size_t)received;
      int whole = is_whole(e);
      if (whole < 0) failed = 1;
      if (whole <= 0) continue;
      e->length = 0;
      ended++;
      if (begun < count) {
        begun++;
        if (write(sockets[i].fd, request, request_length) != (ssize_t)request_length) failed = 1;
      }
    }
  }
  double seconds = now() - start;
  for (int i = 0; i < connections; i++) {
    if (sockets[i].fd >= 0) close(sockets[i].fd);
  }
  return failed || ended < count ? -1 : seconds;
}
