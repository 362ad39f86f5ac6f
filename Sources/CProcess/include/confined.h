#ifndef IMAGINE_CONFINED_H
#define IMAGINE_CONFINED_H

#include <stdint.h>
#include <sys/types.h>

/// What a confined program may do with a file, or with all that is below a folder.
enum {
  IMAGINE_MAY_READ = 1,
  /// Also read.
  IMAGINE_MAY_RUN = 2,
  /// Also read, create and remove regular files. No folders, links or devices.
  IMAGINE_MAY_WRITE = 4,
};

typedef struct {
  const char *path;
  int32_t rights;
} imagine_allowance;

enum { IMAGINE_NO_RULES = -0x10000 };

/// The version of Landlock that the kernel has; 0 for none, as on other systems than Linux.
int imagine_landlock_version(void);

/// Makes a Landlock ruleset: everything that is not allowed here is forbidden, and so is the network.
/// Paths that do not exist are left out.
///
/// - Returns: a descriptor, closed on exec; `IMAGINE_NO_RULES` on a system without Landlock; else a
///   negative `errno` value.
int imagine_landlock_rules(const imagine_allowance *allowances, int count);

/// Starts a program of which nothing good is expected, in a process group of its own.
///
/// Its standard input is a socket to this process, its output is lost, and its errors are kept in a
/// pipe, which loses what does not fit. It gets no other descriptor, default signal handlers and no
/// privileges by exec. On Linux it also gets SIGTERM when the thread that started it ends, and no
/// moment without its rules: they are set before its first instruction.
///
/// - program: path of the program; PATH is not searched.
/// - arguments, environment: terminated by NULL.
/// - rules: a ruleset of Landlock; `IMAGINE_NO_RULES` for none.
/// - process: receives its id, which is that of its group.
/// - socket: receives our end of the socket, closed on exec.
/// - errors: receives the read end of its errors, closed on exec, which does not block.
///
/// Returns 0, or an `errno` value; on failure no process was started and no descriptor is open.
int imagine_confined_start(const char *program, char *const arguments[], char *const environment[],
                           int rules, pid_t *process, int *socket, int *errors);

/// For the confined program itself: SIGTERM kills its whole process group.
void imagine_end_with_group(void);

/// Limits the data of this process, such as its heap and the stacks of its threads, in bytes. More
/// can be limited, and less again. Nothing in builds with a sanitizer.
void imagine_limit_data(uint64_t bytes);

/// Forbids other processes of this user to read the memory of this one.
void imagine_hide_memory(void);

#endif
