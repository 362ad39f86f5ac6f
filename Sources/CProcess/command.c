#define _GNU_SOURCE
#include "command.h"
#include "pipe.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

// What follows a fork of a process with threads may call only functions that are safe in signal
// handlers.

// Both ends included.
static void close_range_of_descriptors(int first, int last) {
  struct rlimit limit;
#if defined(SYS_close_range)
  if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
  if (last > 65535) last = 65535;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= (rlim_t)last)
    last = (int)limit.rlim_cur - 1;
  for (int descriptor = first; descriptor <= last; descriptor++) close(descriptor);
}

// Closes all descriptors from 3 on but some.
static void close_others(const int kept[], int count) {
  int first = 3, next = 0;
  while (next < INT_MAX) {
    next = INT_MAX;
    for (int index = 0; index < count; index++) {
      if (kept[index] >= first && kept[index] < next) next = kept[index];
    }
    if (next > first) close_range_of_descriptors(first, next - 1);
    if (next < INT_MAX) first = next + 1;
  }
}

static void reset_signals(void) {
  sigset_t none;
  for (int number = 1; number < NSIG; number++) {
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  }
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
}

// The program's ends of its standard streams; -1 for none.
typedef struct {
  int input, output, errors;
} streams;

static _Noreturn void run(const imagine_command *command, streams ours, int failed) {
  // A session of its own, without the terminal of the host: a program that reads a password from
  // there would be stopped.
  setsid();
#if defined(__linux__)
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  reset_signals();
  int nothing = open("/dev/null", O_RDWR);
  int failure = 0;
  if (nothing < 0 || dup2(ours.input >= 0 ? ours.input : nothing, STDIN_FILENO) < 0 ||
      dup2(ours.output >= 0 ? ours.output : nothing, STDOUT_FILENO) < 0 ||
      dup2(ours.errors, STDERR_FILENO) < 0)
    failure = errno;
  close_others(&failed, 1);
  if (failure == 0 && command->memory > 0) {
    struct rlimit limit = {command->memory, command->memory};
    if (setrlimit(RLIMIT_AS, &limit) != 0) failure = errno;
  }
  if (failure == 0 && command->folder != NULL && chdir(command->folder) != 0) failure = errno;
  if (failure == 0) {
    execve(command->program, command->arguments, command->environment);
    failure = errno;
  }
  (void)!write(failed, &failure, sizeof failure);
  _exit(127);
}

static _Noreturn void supervise(const imagine_command *command, streams ours, int control) {
  imagine_command_report report = {0, 0};
  // Ctrl-C of the terminal is for the host, which decides what becomes of the program.
  setpgid(0, 0);
  reset_signals();
  int kept[4] = {control, ours.errors, ours.input, ours.output};
  close_others(kept, 4);
  int failed[2];
  report.failure = open_pipe(failed);
  if (report.failure != 0) {
    (void)!write(control, &report, sizeof report);
    _exit(0);
  }
  pid_t process = fork();
  if (process == 0) run(command, ours, failed[1]);
  if (process < 0) report.failure = errno;
  close(failed[1]);
  close(ours.errors);
  if (ours.input >= 0) close(ours.input);
  if (ours.output >= 0) close(ours.output);
  int number = 0;
  // After this the program has its session, and so its group.
  if (process > 0 && read(failed[0], &number, sizeof number) == sizeof number) {
    report.failure = number;
    waitpid(process, &report.status, 0);
    process = -1;
  }
  int end = -1, milliseconds = 0;
#if defined(SYS_pidfd_open)
  if (process > 0) end = (int)syscall(SYS_pidfd_open, process, 0);
#endif
  while (process > 0) {
    pid_t ended = waitpid(process, &report.status, WNOHANG);
    if (ended != 0) break;
    struct pollfd events[2] = {{control, POLLIN, 0}, {end, POLLIN, 0}};
    // Without a descriptor for its end, it is asked again: soon at first.
    if (end < 0 && milliseconds < 10) milliseconds++;
    if (poll(events, 2, end < 0 ? milliseconds : -1) > 0 && events[0].revents != 0) {
      kill(-process, SIGKILL);
      waitpid(process, &report.status, 0);
      break;
    }
  }
  // What the program has started ends with it.
  if (process > 0) kill(-process, SIGKILL);
  (void)!write(control, &report, sizeof report);
  _exit(0);
}

int imagine_command_start(const imagine_command *command, imagine_command_ends *ends) {
  // Control, errors, input, output; ours first, but for the input.
  int pairs[4][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
  int failure = 0;
  pid_t process = -1;
#if defined(__linux__)
  int type = SOCK_STREAM | SOCK_CLOEXEC;
#else
  int type = SOCK_STREAM;
#endif
  if (socketpair(AF_UNIX, type, 0, pairs[0]) != 0) failure = errno;
  if (failure == 0) {
    fcntl(pairs[0][0], F_SETFD, FD_CLOEXEC);
    fcntl(pairs[0][1], F_SETFD, FD_CLOEXEC);
  }
  for (int index = 1; index < (command->has_streams ? 4 : 2) && failure == 0; index++) {
    failure = open_pipe(pairs[index]);
  }
  if (failure == 0 && command->has_streams &&
      fcntl(pairs[2][1], F_SETFL, O_NONBLOCK) != 0)
    failure = errno;
#if defined(F_SETNOSIGPIPE)
  if (failure == 0 && command->has_streams) fcntl(pairs[2][1], F_SETNOSIGPIPE, 1);
#endif
  streams theirs = {pairs[2][0], pairs[3][1], pairs[1][1]};
  if (failure == 0) {
    process = fork();
    if (process == 0) supervise(command, theirs, pairs[0][1]);
    if (process < 0) failure = errno;
  }
  for (int index = 0; index < 4; index++) {
    int our_end = index == 2 ? 1 : 0;
    if (pairs[index][1 - our_end] >= 0) close(pairs[index][1 - our_end]);
    if (failure != 0 && pairs[index][our_end] >= 0) close(pairs[index][our_end]);
  }
  if (failure != 0) return failure;
  ends->supervisor = process;
  ends->control = pairs[0][0];
  ends->errors = pairs[1][0];
  ends->input = pairs[2][1];
  ends->output = pairs[3][0];
  return 0;
}

ssize_t imagine_write_pipe(int descriptor, const void *bytes, size_t count) {
#if defined(__linux__)
  sigset_t pipe_signal, before, pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  int was_pending = sigismember(&pending, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  ssize_t written = write(descriptor, bytes, count);
  int failure = errno;
  // The signal is this thread's own: it is taken here, so that nobody else gets it.
  struct timespec none = {0, 0};
  if (written < 0 && failure == EPIPE && !was_pending) sigtimedwait(&pipe_signal, 0, &none);
  pthread_sigmask(SIG_SETMASK, &before, 0);
  errno = failure;
  return written;
#else
  return write(descriptor, bytes, count);
#endif
}
