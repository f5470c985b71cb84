// Child processes, and what the handler of an interrupt may do: Swift hides `fork`, wants the wait
// status macros as functions, and promises nothing about signal handlers.
#ifndef RECAST_CPROCESS_H
#define RECAST_CPROCESS_H

#include <stdint.h>
#include <sys/types.h>

/// `fork`. The caller has one thread; the child is killed when the caller ends, and does not have
/// its handlers of interrupts.
pid_t recast_fork(void);
/// Runs a program with what it says going to the descriptor `output`; answers its pid or -1. One at
/// a time: it is the one that `recast_end_tool` ends.
pid_t recast_start_tool(const char *path, char *const arguments[], int output);
/// Kills the program that `recast_start_tool` started, if it runs. Async-signal-safe.
void recast_end_tool(void);
/// Removes a file, or a directory of files. Async-signal-safe.
void recast_remove(const char *path);
/// Waits for `pid` as `waitpid` does, with its options; answers the pid, 0 or -1.
pid_t recast_wait(pid_t pid, int *status, int options);
/// The exit code, or -1 if the process did not exit by itself.
int recast_exit_code(int status);
/// The signal that ended the process, or 0.
int recast_signal(int status);
/// `_exit`: leaves without running atexit handlers or flushing the parent's buffers again.
void recast_exit_now(int code);
/// The build id that the linker gave this program, or the first loaded library with `library` in its
/// path (NT_GNU_BUILD_ID): its first `room` bytes go to `id`. Answers how many, 0 for none.
size_t recast_build_id(const char *library, unsigned char *id, size_t room);

#endif
