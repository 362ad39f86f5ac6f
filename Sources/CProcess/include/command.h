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

/// A program to start.
typedef struct {
  /// Its path; PATH is not searched.
  const char *program;
  /// Terminated by NULL.
  char *const *arguments;
  /// Terminated by NULL.
  char *const *environment;
  /// Its working directory; NULL for ours.
  const char *folder;
  /// The limit of its address space in bytes; 0 for none.
  uint64_t memory;
  /// Whether its standard input and output are pipes; without, it reads the end of the input at once,
  /// and its output is lost.
  int has_streams;
} imagine_command;

/// Our ends of the pipes of a program, closed on exec.
typedef struct {
  /// The process to wait for after the report.
  pid_t supervisor;
  /// Gives one report at the end; closing it, or shutting it down, kills the program.
  int control;
  /// Read end of its standard error.
  int errors;
  /// Write end of its standard input, which does not block; -1 without streams.
  int input;
  /// Read end of its standard output; -1 without streams.
  int output;
} imagine_command_ends;

/// Starts a program in a session of its own, whose process group ends with this process, however that
/// ends. It has no controlling terminal.
///
/// A supervisor stands between them: a child of this process that waits for the program, and kills
/// its group when it ends, when the control descriptor is closed, and when this process dies.
///
/// The program starts with default signal handlers, an empty signal mask, and none of our
/// descriptors.
///
/// - Returns: 0, or an error number if not even the supervisor could be started.
int imagine_command_start(const imagine_command *command, imagine_command_ends *ends);

/// Writes to a pipe without SIGPIPE: if nobody reads it, the error is EPIPE.
ssize_t imagine_write_pipe(int descriptor, const void *bytes, size_t count);

#endif
