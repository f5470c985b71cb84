// The kernel's tracing interface (ptrace(2)) for one x86-64 child, as functions that Swift can call:
// `ptrace` is variadic, and the wait status macros are hidden. On other hosts every call fails
// with ENOSYS.
#ifndef RECAST_CTRACE_H
#define RECAST_CTRACE_H

#include <stdint.h>
#include <sys/types.h>

/// Starts `path`, without address randomisation, stopped at its first instruction. Standard input
/// is `input`; output and errors go to `output`. Answers its pid or -1 with errno.
pid_t trace_start(const char *path, char *const arguments[], char *const environment[], int input,
                  int output);

/// How a stopped child can go on.
enum trace_resume { TRACE_CONTINUE, TRACE_SYSCALL, TRACE_STEP };
/// Answers 0, or -1 with errno.
int trace_resume(pid_t pid, int how, int signal);
int trace_interrupt(pid_t pid);

/// What a wait found. `value` is the signal, the exit code or the event.
enum trace_stop {
  TRACE_EXITED,
  TRACE_KILLED,
  TRACE_SIGNALLED,
  TRACE_AT_SYSCALL,
  TRACE_INTERRUPTED,
  TRACE_STARTED_TASK,
  TRACE_EXECUTED,
  TRACE_LOST,
  TRACE_RUNNING,
};
int trace_wait(pid_t pid, int *value);
/// The same, for `microseconds` at most: then TRACE_RUNNING.
int trace_wait_for(pid_t pid, int *value, unsigned microseconds);

/// `struct user_regs_struct`, 27 words (sys/user.h): r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx
/// rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs.
int trace_registers(pid_t pid, uint64_t registers[27]);
int trace_set_registers(pid_t pid, const uint64_t registers[27]);
/// x87, MXCSR and vector registers.
struct trace_vectors {
  /// FXSAVE's layout: XMM0 at byte 160.
  uint8_t area[512];
  /// The upper halves of YMM0 to YMM15; zeros on processors without AVX.
  uint8_t upper[256];
  /// AVX-512's own registers (opmasks, ZMM) are not all zero.
  int has_wider;
};
int trace_vector_registers(pid_t pid, struct trace_vectors *registers);
/// Address of the fault, 0 when there is none.
uint64_t trace_fault_address(pid_t pid);

/// Nanoseconds of processor time that the process has used.
uint64_t trace_processor_time(pid_t pid);
/// Kills `pid` after that time; 0 takes it back. One at a time.
void trace_deadline(pid_t pid, unsigned seconds);
/// Kills and reaps.
void trace_end(pid_t pid);

#endif
