#ifndef IMAGINE_PIPE_H
#define IMAGINE_PIPE_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// Opens a pipe whose ends are closed on exec. Returns 0 or an `errno` value. The includer defines
// _GNU_SOURCE.
static inline int open_pipe(int ends[2]) {
#if defined(__APPLE__)
  if (pipe(ends) != 0) return errno;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#else
  return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
#endif
}

#endif
