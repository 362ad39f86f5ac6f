#ifndef IMAGINE_CHILD_H
#define IMAGINE_CHILD_H

#include <sys/types.h>

/// Starts a program as a child in a process group of its own. One that is not to be trusted is
/// started by `imagine_confined_start`.
///
/// This is C because Swift on Linux has neither `pipe2` nor "close every descriptor from 3 on".
/// Without them, a child started on another thread at the same moment could inherit our end of the
/// pipe and hold it open.
///
/// The child starts with default signal handlers, an empty signal mask and none of our descriptors.
///
/// - program: path of the program; PATH is not searched.
/// - arguments, environment: terminated by NULL.
/// - message: bytes for the child's standard input; at most 4096. They are written before the child
///   starts, while the pipe has a reader, so the write can neither block nor raise SIGPIPE.
/// - process: receives the child's id.
/// - input: receives the write end of the child's standard input, closed on exec.
/// - output: receives the read end of the child's standard output, closed on exec.
/// - errors: receives the read end of the child's standard error, closed on exec.
///
/// Returns 0, or an `errno` value; on failure no process was started and no descriptor is open.
int imagine_child_start(const char *program, char *const arguments[], char *const environment[],
                        const char *message, pid_t *process, int *input, int *output,
                        int *errors);

#endif
