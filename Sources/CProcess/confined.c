#define _GNU_SOURCE
#include "confined.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

typedef struct {
  const char *program;
  char *const *arguments, *const *environment;
  int rules;
} plan;

static void close_all(const int *descriptors, int count) {
  for (int index = 0; index < count; index++) {
    if (descriptors[index] >= 0) close(descriptors[index]);
  }
}

// Moves a descriptor above the standard streams, which a program may have been started without.
static int raised(int descriptor) {
  if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
  int higher = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close(descriptor);
  return higher;
}

// Ours first, then theirs: the socket, the errors.
static int open_ends(int ours[2], int theirs[2]) {
  int pair[2] = {-1, -1}, pipe_ends[2] = {-1, -1};
#if defined(__linux__)
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  int failure = pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : errno;
#else
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return errno;
  int failure = pipe(pipe_ends) == 0 ? 0 : errno;
  int on = 1;
  for (int end = 0; end < 2; end++) {
    fcntl(pair[end], F_SETFD, FD_CLOEXEC);
    setsockopt(pair[end], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
    if (failure == 0) {
      fcntl(pipe_ends[end], F_SETFD, FD_CLOEXEC);
      fcntl(pipe_ends[end], F_SETFL, O_NONBLOCK);
    }
  }
#endif
  ours[0] = raised(pair[0]);
  theirs[0] = raised(pair[1]);
  ours[1] = raised(pipe_ends[0]);
  theirs[1] = raised(pipe_ends[1]);
  for (int end = 0; end < 2 && failure == 0; end++) {
    if (ours[end] < 0 || theirs[end] < 0) failure = errno;
  }
  if (failure != 0) {
    close_all(ours, 2);
    close_all(theirs, 2);
    return failure;
  }
  // A picture goes through in few pieces.
  int bytes = 1 << 20;
  setsockopt(ours[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  setsockopt(theirs[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  return 0;
}

#if defined(__linux__)

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

// As in <linux/landlock.h>, of which a system may have an older version than its kernel.
typedef struct {
  uint64_t files, network, scopes;
} landlock_handled;
typedef struct {
  uint64_t rights;
  int32_t descriptor;
} __attribute__((packed)) landlock_beneath;

enum {
  EXECUTE = 1 << 0,
  WRITE_FILE = 1 << 1,
  READ_FILE = 1 << 2,
  READ_FOLDER = 1 << 3,
  REMOVE_FILE = 1 << 5,
  MAKE_REGULAR = 1 << 8,
  TRUNCATE = 1 << 14,
  // What a rule for a single file may name.
  OF_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE,
};

int imagine_landlock_version(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
  return version > 0 ? (int)version : 0;
}

// All that a version of Landlock can forbid.
static landlock_handled everything(int version) {
  landlock_handled handled = {(1 << 13) - 1, 0, 0};
  if (version >= 2) handled.files |= 1 << 13;
  if (version >= 3) handled.files |= TRUNCATE;
  if (version >= 5) handled.files |= 1 << 15;
  if (version >= 4) handled.network = 3;
  if (version >= 6) handled.scopes = 3;
  return handled;
}

static int failed(int rules, int number) {
  close(rules);
  return -number;
}

int imagine_landlock_rules(const imagine_allowance *allowances, int count) {
  int version = imagine_landlock_version();
  if (version == 0) return IMAGINE_NO_RULES;
  landlock_handled handled = everything(version);
  int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (rules < 0) return -errno;
  for (int index = 0; index < count; index++) {
    uint64_t rights = READ_FILE | READ_FOLDER;
    if (allowances[index].rights & IMAGINE_MAY_RUN) rights |= EXECUTE;
    if (allowances[index].rights & IMAGINE_MAY_WRITE)
      rights |= WRITE_FILE | TRUNCATE | MAKE_REGULAR | REMOVE_FILE;
    int descriptor = open(allowances[index].path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) {
      if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) continue;
      return failed(rules, errno);
    }
    struct stat status;
    if (fstat(descriptor, &status) == 0) {
      if (!S_ISDIR(status.st_mode)) rights &= OF_FILE;
      landlock_beneath rule = {rights & handled.files, descriptor};
      if (syscall(SYS_landlock_add_rule, rules, 1, &rule, 0) != 0) {
        int number = errno;
        close(descriptor);
        return failed(rules, number);
      }
    }
    close(descriptor);
  }
  return raised(rules);
}

// The memory is the parent's until exec, so only system calls are made here.
static _Noreturn void become(const plan *planned, const int theirs[2],
                             volatile int *failure) {
  struct rlimit none = {0, 0};
  // The stack of each thread counts against the limit of data.
  struct rlimit stack = {2 << 20, 2 << 20};
  setpgid(0, 0);
  for (int number = 1; number < NSIG; number++) {
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  }
  int nothing = open("/dev/null", O_RDWR);
  // A dead decoder must not fill the disk.
  setrlimit(RLIMIT_CORE, &none);
  setrlimit(RLIMIT_STACK, &stack);
  if (nothing < 0 || dup2(theirs[0], STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
      dup2(theirs[1], STDERR_FILENO) < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      (planned->rules >= 0 && syscall(SYS_landlock_restrict_self, planned->rules, 0) != 0)) {
    *failure = errno;
    _exit(127);
  }
  if (syscall(SYS_close_range, 3, ~0U, 0) != 0) {
    for (int descriptor = 3; descriptor < 65536; descriptor++) close(descriptor);
  }
  sigset_t unblocked;
  sigemptyset(&unblocked);
  sigprocmask(SIG_SETMASK, &unblocked, NULL);
  execve(planned->program, planned->arguments, planned->environment);
  *failure = errno;
  _exit(127);
}

static int start(const plan *planned, const int theirs[2], pid_t *process) {
  volatile int failure = 0;
  sigset_t all, before;
  sigfillset(&all);
  // A handler that ran between vfork and exec would change our memory.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // A fork would copy the page tables of a large process.
  pid_t child = vfork();
  if (child == 0) become(planned, theirs, &failure);
  int number = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (child < 0) return number;
  if (failure != 0) {
    waitpid(child, NULL, 0);
    return failure;
  }
  *process = child;
  return 0;
}

#else

int imagine_landlock_version(void) { return 0; }

int imagine_landlock_rules(const imagine_allowance *allowances, int count) {
  (void)allowances;
  (void)count;
  return IMAGINE_NO_RULES;
}

static int start(const plan *planned, const int theirs[2], pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
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
  posix_spawn_file_actions_adddup2(&actions, theirs[0], STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, theirs[1], STDERR_FILENO);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_CLOEXEC_DEFAULT);
  failure = posix_spawn(process, planned->program, &actions, &attributes, planned->arguments,
                        planned->environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

#endif

int imagine_confined_start(const char *program, char *const arguments[], char *const environment[],
                           int rules, pid_t *process, int *socket, int *errors) {
  plan planned = {program, arguments, environment, rules};
  int ours[2] = {-1, -1}, theirs[2] = {-1, -1};
  int failure = open_ends(ours, theirs);
  if (failure != 0) return failure;
  failure = start(&planned, theirs, process);
  close_all(theirs, 2);
  if (failure != 0) {
    close_all(ours, 2);
    return failure;
  }
  *socket = ours[0];
  *errors = ours[1];
  return 0;
}

static void kill_group(int number) {
  (void)number;
  kill(0, SIGKILL);
}

void imagine_end_with_group(void) { signal(SIGTERM, kill_group); }

void imagine_limit_data(uint64_t bytes) {
#ifndef HAS_SANITIZER
  struct rlimit limit;
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = bytes < limit.rlim_max ? (rlim_t)bytes : limit.rlim_max;
  setrlimit(RLIMIT_DATA, &limit);
#else
  (void)bytes;
#endif
}

void imagine_hide_memory(void) {
#if defined(__linux__)
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
