// Signals, processes and pipes: handlers in a busy loop, jumps out of handlers, an alternate stack,
// faults, children.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile sig_atomic_t ticks;
static sigjmp_buf back;

static void tick(int signal) { (void)signal; ticks++; }
static void leap(int signal) { siglongjmp(back, signal); }

static void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction a = {.sa_handler = handler, .sa_flags = flags};
  sigemptyset(&a.sa_mask);
  if (sigaction(signal, &a, 0)) perror("sigaction");
}

static void timer(int microseconds) {
  struct itimerval t = {{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_REAL, &t, 0);
}

__attribute__((noinline)) static unsigned busy(void) {
  unsigned x = 1;
  while (ticks < 5) x = x * 1664525 + 1013904223;
  return x;
}

__attribute__((noinline)) static double busy_floats(void) {
  double a = 0, b = 1;
  volatile int start = ticks;
  for (int i = 0; ticks < start + 5; i++) {
    a = b * 0.5 + 1;
    b = a / 3 + 0.25;
  }
  return (int)(a * 1000);
}

// Values of the function that is returned to, in registers that the interrupted ones use as well.
__attribute__((noinline)) static long spin(volatile long *count) {
  for (;;) ++*count;
}
__attribute__((noinline)) static long middle(long a, long b, long c, long d, volatile long *count) {
  long x = a * 3, y = b * 5, z = c * 7, w = d * 11;
  for (;;) {
    x += spin(count) + y;
    y ^= z + w;
    z += x * w;
    w -= y;
    if (x == 42) return y + z + w;
  }
}
__attribute__((noinline)) static long kept(long a, long b, long c, long d) {
  volatile long count = 0;
  long p = a + 1, q = b + 2, r = c + 3, s = d + 4;
  if (sigsetjmp(back, 1) == 0) {
    struct itimerval once = {{0, 0}, {0, 10000}};
    setitimer(ITIMER_REAL, &once, 0);
    middle(a, b, c, d, &count);
  }
  return p * 1000000 + q * 10000 + r * 100 + s;
}

static volatile int shown;
static void information(int signal, siginfo_t *info, void *context) {
  (void)context;
  shown = signal * 1000 + (info->si_pid == getpid());
}

static void fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  printf("fault %d at %#lx\n", signal, (unsigned long)info->si_addr & 4095);
  siglongjmp(back, 1);
}

static void on_other_stack(int signal) {
  char local;
  stack_t now;
  sigaltstack(0, &now);
  char *low = now.ss_sp;
  printf("stack %d %d\n", signal, &local >= low && &local < low + now.ss_size);
}

static int child_status(pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int main(int count, char **arguments) {
  setvbuf(stdout, 0, _IOLBF, 0);
  if (count > 1 && strcmp(arguments[1], "child") == 0) {
    printf("child here %s\n", getenv("GREETING") ? getenv("GREETING") : "-");
    return 42;
  }
  handle(SIGALRM, tick, SA_RESTART);
  timer(10000);
  busy();
  printf("ticks %d\n", ticks >= 5);
  busy_floats();
  timer(0);

  handle(SIGALRM, leap, 0);
  volatile int rounds = 0;
  volatile unsigned long spin = 0;
  int r = sigsetjmp(back, 1);
  if (rounds < 5) {
    rounds++;
    struct itimerval once = {{0, 0}, {0, 10000}};
    setitimer(ITIMER_REAL, &once, 0);
    for (;;) spin++;
  }
  printf("leaps %d %d\n", rounds, r);
  printf("kept %ld %ld\n", kept(1, 2, 3, 4), kept(5, 6, 7, 8));

  struct sigaction a = {.sa_sigaction = information, .sa_flags = SA_SIGINFO};
  sigemptyset(&a.sa_mask);
  sigaction(SIGUSR1, &a, 0);
  kill(getpid(), SIGUSR1);
  printf("information %d\n", shown);

  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &old);
  shown = 0;
  raise(SIGUSR1);
  printf("blocked %d\n", shown);
  sigset_t waiting;
  sigpending(&waiting);
  printf("pending %d\n", sigismember(&waiting, SIGUSR1));
  sigprocmask(SIG_SETMASK, &old, 0);
  printf("unblocked %d\n", shown != 0);

  a.sa_sigaction = fault;
  sigaction(SIGSEGV, &a, 0);
  sigaction(SIGBUS, &a, 0);
  sigaction(SIGFPE, &a, 0);
  sigaction(SIGILL, &a, 0);
  if (sigsetjmp(back, 1) == 0) *(volatile int *)16 = 1;
  if (sigsetjmp(back, 1) == 0) printf("%d\n", *(volatile int *)0x20);
  char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (sigsetjmp(back, 1) == 0) page[5] = 1; else printf("read-only\n");
  volatile int zero = 0;
  a.sa_sigaction = 0;
  handle(SIGFPE, leap, 0);
  if ((r = sigsetjmp(back, 1)) == 0) printf("%d\n", 1000 / zero); else printf("divided %d\n", r == SIGFPE);
  handle(SIGILL, leap, 0);
  if ((r = sigsetjmp(back, 1)) == 0) __builtin_trap(); else printf("trapped %d\n", r == SIGILL);

  static char other[65536];
  stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
  sigaltstack(&stack, 0);
  handle(SIGUSR2, on_other_stack, SA_ONSTACK);
  raise(SIGUSR2);

  int ends[2];
  if (pipe(ends)) return 1;
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    dprintf(ends[1], "hello from %s", getppid() > 0 ? "child" : "?");
    _exit(7);
  }
  close(ends[1]);
  char text[64] = {0};
  ssize_t n = read(ends[0], text, sizeof text - 1);
  printf("pipe %zd %s %d\n", n, text, child_status(child));

  child = fork();
  if (child == 0) {
    handle(SIGSEGV, SIG_DFL, 0);
    *(volatile int *)0 = 0;
  }
  printf("killed %d\n", child_status(child));
  child = fork();
  if (child == 0) abort();
  printf("aborted %d\n", child_status(child));
  child = fork();
  if (child == 0) for (;;) pause();
  kill(child, SIGTERM);
  printf("terminated %d\n", child_status(child));

  setenv("GREETING", "hi", 1);
  char *words[] = {arguments[0], "child", 0};
  fflush(stdout);
  if (posix_spawn(&child, "/proc/self/exe", 0, 0, words, environ)) perror("posix_spawn");
  printf("spawned %d\n", child_status(child));
  fflush(stdout);
  r = system("echo from system; exit 3");
  printf("system %d\n", WEXITSTATUS(r));
  FILE *pipe = popen("echo a b c | tr a-z A-Z", "r");
  while (fgets(text, sizeof text, pipe)) printf("popen %s", text);
  printf("pclose %d\n", pclose(pipe));
  pipe = popen("cat", "w");
  fprintf(pipe, "written to cat\n");
  printf("pclose %d\n", pclose(pipe));
  child = vfork();
  if (child == 0) {
    execl("/bin/echo", "echo", "after vfork", (char *)0);
    _exit(1);
  }
  printf("vfork %d\n", child_status(child));
  alarm(0);
  raise(SIGKILL);
  return 0;
}
