#define _GNU_SOURCE
#include "child.h"
#include "pipe.h"

#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

static void close_pipe(int ends[2]) {
  close(ends[0]);
  close(ends[1]);
}

static int spawn(const char *program, char *const arguments[], char *const environment[],
                 pid_t *process, int standard_input, int standard_output, int standard_error) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);

  int failure = posix_spawn_file_actions_init(&actions);
  if (failure != 0) return failure;
  failure = posix_spawnattr_init(&attributes);
  if (failure != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return failure;
  }
  failure = posix_spawn_file_actions_adddup2(&actions, standard_input, STDIN_FILENO);
  if (failure == 0)
    failure = posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
  if (failure == 0)
    failure = posix_spawn_file_actions_adddup2(&actions, standard_error, STDERR_FILENO);
#if defined(__APPLE__)
  // Our ends of the pipes too, whatever happens at the same time on another thread.
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#elif defined(__GLIBC__)
  if (failure == 0) failure = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
  if (failure == 0) failure = posix_spawnattr_setsigmask(&attributes, &none);
  if (failure == 0) failure = posix_spawnattr_setsigdefault(&attributes, &all);
  if (failure == 0) failure = posix_spawnattr_setpgroup(&attributes, 0);
  if (failure == 0) failure = posix_spawnattr_setflags(&attributes, flags);
  if (failure == 0)
    failure = posix_spawn(process, program, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

int imagine_child_start(const char *program, char *const arguments[], char *const environment[],
                        const char *message, pid_t *process, int *input, int *output,
                        int *errors) {
  int pipes[3][2];
  int opened = 0, failure = 0;
  while (opened < 3 && failure == 0) {
    failure = open_pipe(pipes[opened]);
    if (failure == 0) opened++;
  }
  size_t length = strlen(message);
  if (failure == 0 && length > 4096) failure = EINVAL;
  if (failure == 0 && write(pipes[0][1], message, length) != (ssize_t)length) failure = errno;
  if (failure == 0)
    failure = spawn(program, arguments, environment, process, pipes[0][0], pipes[1][1],
                    pipes[2][1]);
  if (failure != 0) {
    while (opened > 0) close_pipe(pipes[--opened]);
    return failure;
  }
  close(pipes[0][0]);
  close(pipes[1][1]);
  close(pipes[2][1]);
  *input = pipes[0][1];
  *output = pipes[1][0];
  *errors = pipes[2][0];
  return 0;
}
