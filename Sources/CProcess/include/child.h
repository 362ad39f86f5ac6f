#ifndef IMAGINE_CHILD_H
#define IMAGINE_CHILD_H

#include <sys/types.h>

/// Starts a program as a child in a process group of its own.
///
/// C, because neither `pipe2` nor "close every descriptor from 3 on" can be had from Swift on
/// Linux, and without them a child started on another thread at the same moment could hold our end
/// of the pipe open for ever.
///
/// The child has every signal at its default and none blocked, and of our descriptors none.
///
/// - program: path of the program, not searched for.
/// - arguments, environment: ended by NULL.
/// - message: what the child finds on its standard input; at most 4096 bytes. It is written before
///   the child starts, while the pipe has a reader, so it can neither block nor raise SIGPIPE.
/// - process: receives the child's id.
/// - input: receives the write end of the child's standard input, closed on exec.
/// - output: receives the read end of the child's standard output, closed on exec.
/// - errors: receives the read end of the child's standard error, closed on exec.
///
/// Returns 0, or an `errno` value; then nothing was started and nothing is open.
int imagine_child_start(const char *program, char *const arguments[], char *const environment[],
                        const char *message, pid_t *process, int *input, int *output,
                        int *errors);

#endif
