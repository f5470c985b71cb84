#define _GNU_SOURCE
#include "CTrace.h"
#include <errno.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <elf.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile pid_t doomed;
static void on_alarm(int number) {
  (void)number;
  if (doomed > 0) kill(doomed, SIGKILL);
}

pid_t trace_start(const char *path, char *const arguments[], char *const environment[], int input,
                  int output) {
  int gate[2];
  if (pipe(gate) != 0) return -1;
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    char word;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    close(gate[1]);
    dup2(input, 0);
    dup2(output, 1);
    dup2(output, 2);
    personality(ADDR_NO_RANDOMIZE);
    if (read(gate[0], &word, 1) != 1) _exit(126);
    close(gate[0]);
    execve(path, arguments, environment);
    _exit(127);
  }
  close(gate[0]);
  if (pid < 0) {
    close(gate[1]);
    return -1;
  }
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE |
                 PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
  int value, failed = ptrace(PTRACE_SEIZE, pid, 0, options) != 0;
  int code = errno;
  if (!failed && write(gate[1], "", 1) != 1) failed = 1;
  close(gate[1]);
  // From the event on to the end of execve, which sets rax.
  if (!failed && (trace_wait(pid, &value) != TRACE_EXECUTED ||
                  trace_resume(pid, TRACE_SYSCALL, 0) != 0 ||
                  trace_wait(pid, &value) != TRACE_AT_SYSCALL)) {
    failed = 1;
    code = ENOEXEC;
  }
  if (failed) {
    trace_end(pid);
    errno = code;
    return -1;
  }
  return pid;
}

int trace_resume(pid_t pid, int how, int number) {
  int request = how == TRACE_STEP ? PTRACE_SINGLESTEP
                : how == TRACE_SYSCALL ? PTRACE_SYSCALL
                                       : PTRACE_CONT;
  return ptrace(request, pid, 0, (long)number) == 0 ? 0 : -1;
}

int trace_interrupt(pid_t pid) { return ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 ? 0 : -1; }

static int understand(int status, int *value) {
  if (WIFEXITED(status)) {
    *value = WEXITSTATUS(status);
    return TRACE_EXITED;
  }
  if (WIFSIGNALED(status)) {
    *value = WTERMSIG(status);
    return TRACE_KILLED;
  }
  int number = WSTOPSIG(status), event = status >> 16;
  *value = number;
  if (number == (SIGTRAP | 0x80)) return TRACE_AT_SYSCALL;
  if (event == PTRACE_EVENT_STOP) return TRACE_INTERRUPTED;
  if (event == PTRACE_EVENT_EXEC) return TRACE_EXECUTED;
  if (event) return TRACE_STARTED_TASK;
  return TRACE_SIGNALLED;
}

int trace_wait(pid_t pid, int *value) {
  int status;
  pid_t found;
  do found = waitpid(pid, &status, __WALL);
  while (found < 0 && errno == EINTR);
  return found < 0 ? TRACE_LOST : understand(status, value);
}

int trace_wait_for(pid_t pid, int *value, unsigned microseconds) {
  sigset_t child, before;
  struct timespec end, now;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, &before);
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += microseconds / 1000000;
  end.tv_nsec += (long)(microseconds % 1000000) * 1000;
  int answer = TRACE_RUNNING;
  while (answer == TRACE_RUNNING) {
    int status;
    pid_t found = waitpid(pid, &status, __WALL | WNOHANG);
    if (found < 0 && errno != EINTR) answer = TRACE_LOST;
    if (found > 0) answer = understand(status, value);
    if (found != 0) continue;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long left = (end.tv_sec - now.tv_sec) * 1000000000ll + end.tv_nsec - now.tv_nsec;
    if (left <= 0) break;
    struct timespec wait = {left / 1000000000, left % 1000000000};
    sigtimedwait(&child, 0, &wait);
  }
  sigprocmask(SIG_SETMASK, &before, 0);
  return answer;
}

int trace_registers(pid_t pid, uint64_t registers[27]) {
  _Static_assert(sizeof(struct user_regs_struct) == 27 * 8, "user_regs_struct");
  return ptrace(PTRACE_GETREGS, pid, 0, registers) == 0 ? 0 : -1;
}

int trace_set_registers(pid_t pid, const uint64_t registers[27]) {
  return ptrace(PTRACE_SETREGS, pid, 0, registers) == 0 ? 0 : -1;
}

// The regset has XSAVE's standard layout: CPUID 13 says where each component lies (SDM vol. 1, 13.4).
static int component(const uint8_t *area, size_t size, unsigned number, uint8_t *to, size_t most) {
  unsigned length, offset, c, d;
  uint64_t used;
  memcpy(&used, area + 512, 8);
  if (!(used >> number & 1) || !__get_cpuid_count(13, number, &length, &offset, &c, &d)) return 0;
  if (length == 0 || (size_t)offset + length > size) return 0;
  if (to) memcpy(to, area + offset, length < most ? length : most);
  for (unsigned i = 0; i < length; i++)
    if (area[offset + i]) return 1;
  return 0;
}

int trace_vector_registers(pid_t pid, struct trace_vectors *registers) {
  enum { avx = 2, opmask = 5, upper_zmm = 6, more_zmm = 7 };
  static uint8_t area[16384];
  struct iovec piece = {area, sizeof area};
  memset(registers, 0, sizeof *registers);
  if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &piece) != 0)
    return ptrace(PTRACE_GETFPREGS, pid, 0, registers->area) == 0 ? 0 : -1;
  memcpy(registers->area, area, sizeof registers->area);
  component(area, piece.iov_len, avx, registers->upper, sizeof registers->upper);
  for (unsigned number = opmask; number <= more_zmm; number++)
    registers->has_wider |= component(area, piece.iov_len, number, 0, 0);
  return 0;
}

uint64_t trace_fault_address(pid_t pid) {
  siginfo_t information;
  memset(&information, 0, sizeof information);
  if (ptrace(PTRACE_GETSIGINFO, pid, 0, &information) != 0) return 0;
  return (uint64_t)information.si_addr;
}

uint64_t trace_processor_time(pid_t pid) {
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void trace_deadline(pid_t pid, unsigned seconds) {
  doomed = seconds ? pid : 0;
  if (seconds) signal(SIGALRM, on_alarm);
  alarm(seconds);
}

void trace_end(pid_t pid) {
  int status;
  trace_deadline(0, 0);
  kill(pid, SIGKILL);
  while (waitpid(pid, &status, __WALL) == pid && !WIFEXITED(status) && !WIFSIGNALED(status)) {
  }
}

#else

pid_t trace_start(const char *p, char *const a[], char *const e[], int i, int o) {
  (void)p, (void)a, (void)e, (void)i, (void)o;
  errno = ENOSYS;
  return -1;
}
int trace_resume(pid_t p, int h, int s) { return (void)p, (void)h, (void)s, errno = ENOSYS, -1; }
int trace_interrupt(pid_t p) { return (void)p, errno = ENOSYS, -1; }
int trace_wait(pid_t p, int *v) { return (void)p, (void)v, TRACE_LOST; }
int trace_wait_for(pid_t p, int *v, unsigned m) { return (void)m, trace_wait(p, v); }
int trace_registers(pid_t p, uint64_t r[27]) { return (void)p, (void)r, errno = ENOSYS, -1; }
int trace_set_registers(pid_t p, const uint64_t r[27]) { return (void)p, (void)r, -1; }
int trace_vector_registers(pid_t p, struct trace_vectors *r) { return (void)p, (void)r, -1; }
uint64_t trace_fault_address(pid_t p) { return (void)p, 0; }
uint64_t trace_processor_time(pid_t p) { return (void)p, 0; }
void trace_deadline(pid_t p, unsigned s) { (void)p, (void)s; }
void trace_end(pid_t p) { (void)p; }

#endif
