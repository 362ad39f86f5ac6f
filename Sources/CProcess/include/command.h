#ifndef IMAGINE_COMMAND_H
#define IMAGINE_COMMAND_H

#include <stdint.h>
#include <sys/types.h>

/// How a command ended.
typedef struct {
  /// `errno` of a program that could not be started; 0 if it was.
  int32_t failure;
  /// As `waitpid` gives it.
  int32_t status;
} imagine_command_report;

/// Starts a program in a process group of its own that ends with this process, however that ends.
///
/// A supervisor stands between them: a child of this process that waits for the program, and kills
/// its group when it ends, when the control descriptor is closed, and when this process dies.
///
/// The program starts with default signal handlers, an empty signal mask, no standard input, and
/// none of our descriptors. What it writes to its standard output is lost.
///
/// - program: path of the program; PATH is not searched.
/// - memory: the limit of its address space in bytes; 0 for none.
/// - supervisor: the process to wait for after the report.
/// - control: gives one report at the end; closing it kills the program.
/// - errors: read end of the program's standard error.
/// - Returns: 0, or an error number if not even the supervisor could be started.
int imagine_command_start(const char *program, char *const arguments[], char *const environment[],
                          uint64_t memory, pid_t *supervisor, int *control, int *errors);

#endif
