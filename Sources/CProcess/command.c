#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

// What follows a fork of a process with threads may call only functions that are safe in signal
// handlers.

enum { report_milliseconds = 10 };

static void close_others(const int kept[], int count) {
  struct rlimit limit;
  int end = 65536;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)end)
    end = (int)limit.rlim_cur;
  for (int descriptor = 3; descriptor < end; descriptor++) {
    int is_kept = 0;
    for (int index = 0; index < count; index++) is_kept |= kept[index] == descriptor;
    if (!is_kept) close(descriptor);
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

static _Noreturn void run(const char *program, char *const arguments[], char *const environment[],
                          uint64_t memory, int errors, int failed) {
  setpgid(0, 0);
#if defined(__linux__)
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  reset_signals();
  int nothing = open("/dev/null", O_RDWR);
  int failure = 0;
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
      dup2(errors, STDERR_FILENO) < 0)
    failure = errno;
  close_others(&failed, 1);
  if (failure == 0 && memory > 0) {
    struct rlimit limit = {memory, memory};
    if (setrlimit(RLIMIT_AS, &limit) != 0) failure = errno;
  }
  if (failure == 0) {
    execve(program, arguments, environment);
    failure = errno;
  }
  (void)!write(failed, &failure, sizeof failure);
  _exit(127);
}

static _Noreturn void supervise(const char *program, char *const arguments[],
                                char *const environment[], uint64_t memory, int control,
                                int errors) {
  imagine_command_report report = {0, 0};
  // Ctrl-C of the terminal is for the host, which decides what becomes of the program.
  setpgid(0, 0);
  reset_signals();
  int kept[2] = {control, errors};
  close_others(kept, 2);
  int failed[2];
  if (pipe(failed) != 0) {
    report.failure = errno;
    (void)!write(control, &report, sizeof report);
    _exit(0);
  }
  fcntl(failed[1], F_SETFD, FD_CLOEXEC);
  pid_t process = fork();
  if (process == 0) run(program, arguments, environment, memory, errors, failed[1]);
  if (process < 0) report.failure = errno;
  // Both set the group, so that it is there when either needs it.
  if (process > 0) setpgid(process, process);
  close(failed[1]);
  close(errors);
  int number = 0;
  if (process > 0 && read(failed[0], &number, sizeof number) == sizeof number) {
    report.failure = number;
    waitpid(process, &report.status, 0);
    process = -1;
  }
  while (process > 0) {
    pid_t ended = waitpid(process, &report.status, WNOHANG);
    if (ended != 0) break;
    struct pollfd host = {control, POLLIN, 0};
    if (poll(&host, 1, report_milliseconds) > 0) {
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

int imagine_command_start(const char *program, char *const arguments[], char *const environment[],
                          uint64_t memory, pid_t *supervisor, int *control, int *errors) {
  int sockets[2], pipes[2];
#if defined(__linux__)
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return errno;
  if (pipe2(pipes, O_CLOEXEC) != 0) {
#else
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) return errno;
  if (pipe(pipes) != 0) {
#endif
    int failure = errno;
    close(sockets[0]);
    close(sockets[1]);
    return failure;
  }
  int ours[4] = {sockets[0], sockets[1], pipes[0], pipes[1]};
  for (int index = 0; index < 4; index++) fcntl(ours[index], F_SETFD, FD_CLOEXEC);
  pid_t process = fork();
  if (process == 0)
    supervise(program, arguments, environment, memory, sockets[1], pipes[1]);
  int failure = process < 0 ? errno : 0;
  close(sockets[1]);
  close(pipes[1]);
  if (failure != 0) {
    close(sockets[0]);
    close(pipes[0]);
    return failure;
  }
  *supervisor = process;
  *control = sockets[0];
  *errors = pipes[0];
  return 0;
}
