// Child processes: Swift hides `fork`, and wants the wait status macros as functions.
#ifndef RECAST_CPROCESS_H
#define RECAST_CPROCESS_H

#include <stdint.h>
#include <sys/types.h>

/// `fork`. The caller has one thread.
pid_t recast_fork(void);
/// Waits for `pid` as `waitpid` does, with its options; answers the pid, 0 or -1.
pid_t recast_wait(pid_t pid, int *status, int options);
/// The exit code, or -1 if the process did not exit by itself.
int recast_exit_code(int status);
/// The signal that ended the process, or 0.
int recast_signal(int status);
/// `_exit`: leaves without running atexit handlers or flushing the parent's buffers again.
void recast_exit_now(int code);

#endif
