// Child processes, and what the handler of an interrupt may do: Swift hides `fork`, wants the wait
// status macros as functions, and promises nothing about signal handlers.
#ifndef RECAST_CPROCESS_H
#define RECAST_CPROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// Something to be undone when an interrupt (SIGINT, SIGTERM or SIGHUP) ends the tool.
struct recast_ending;

/// From now on interrupts kill the processes and remove the files that `recast_at_interrupt` noted, newest first, and
/// end the tool.
void recast_clean_at_interrupts(void);
/// Until `recast_release_interrupts` no interrupt ends the tool: what is made in between is there and noted, or not
/// there. One thread at a time; not to be nested.
void recast_hold_interrupts(void);
/// Leaves `errno` as it is.
void recast_release_interrupts(void);
/// Notes a file, or a directory of files; or, without a path, a child process, or with its negative a group of them.
/// While interrupts are held. Answers NULL when memory is short.
struct recast_ending *recast_at_interrupt(const char *path, pid_t process);
/// Makes a file or folder as mkostemp(3) and mkdtemp(3) do, and notes it. Answers NULL with errno.
struct recast_ending *recast_make_temporary(char *pattern, bool is_folder);
/// An interrupt leaves it alone from now on.
void recast_forget(struct recast_ending *ending);
/// The system's own way with interrupts, for a child.
void recast_usual_interrupts(void);
/// Removes a file, or a directory of files. Async-signal-safe.
void recast_remove(const char *path);

/// `fork`. The caller has one thread; the child is killed when the caller ends, and does not have
/// its handlers of interrupts.
pid_t recast_fork(void);
/// Runs a program with what it says going to the descriptor `output`; answers its pid or -1. One at a time; an
/// interrupt ends it.
pid_t recast_start_tool(const char *path, char *const arguments[], int output);
/// Waits for the program of `recast_start_tool`.
void recast_wait_for_tool(pid_t pid, int *status);
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
