#ifndef CLUA_CHILDREN_H
#define CLUA_CHILDREN_H

// Child processes of scripts.

#include "clua_host.h"

// Starts a shell command as system() does: SIGINT and SIGQUIT are ignored until it is reaped. The
// child gets the signal mask that this process was started with. Returns 0 or an errno value. From
// any thread, as all of these. Never raise.
int clua_spawn_child(const char *command, pid_t *process);

// A descriptor, closed on exec, that is readable once the process has ended; or -1.
int clua_watch_child(pid_t process);

// Reaps a process and returns its status as waitpid does. Without `waits` it returns false if the
// process has not ended.
bool clua_reap_child(pid_t process, bool waits, int *status);

// Opens a pipe whose ends are closed on exec, atomically: a child that another thread starts
// meanwhile must not inherit them.
bool clua_make_pipe(int ends[2]);

// Kills a process and its descendants. It must still be reaped.
void clua_kill_child(pid_t process);

// Kills the children of the open streams of io.popen.
void clua_kill_stream_children(clua_host *host);

// Kills and reaps all children; call before the process exits.
void clua_kill_children(void);

#endif
