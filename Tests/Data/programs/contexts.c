// Stacks that are left and come back to: makecontext and swapcontext, siglongjmp out of handlers,
// handlers on an alternate stack, getcontext in a loop.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static ucontext_t outside, fibers[8];
static long produced;
static int alive;

NOINLINE static long nested(int depth, long seed) {
  char local[64];
  snprintf(local, sizeof local, "%d:%ld", depth, seed);
  if (depth == 0) {
    produced = (long)strlen(local) + seed;
    swapcontext(&fibers[seed & 7], &outside);
    return seed;
  }
  double kept = depth * 0.5;
  long r = nested(depth - 1, seed) + local[0];
  return r + (long)(kept * 2);
}

static void worker(int number, int rounds) {
  long sum = 0;
  for (int i = 0; i < rounds; i++) sum += nested(i % 5 + 1, number + 8 * i);
  produced = -sum;
  alive--;
}

static void generators(void) {
  static char stacks[8][64 << 10];
  for (int i = 0; i < 8; i++) {
    getcontext(&fibers[i]);
    fibers[i].uc_stack.ss_sp = stacks[i];
    fibers[i].uc_stack.ss_size = sizeof stacks[i];
    fibers[i].uc_link = &outside;
    makecontext(&fibers[i], (void (*)(void))worker, 2, i, 3 + i);
  }
  alive = 8;
  long total = 0;
  int switches = 0;
  int finished[8] = {0};
  while (alive)
    for (int i = 0; i < 8; i++) {
      if (finished[i]) continue;
      int before = alive;
      swapcontext(&outside, &fibers[i]);
      if (alive < before) finished[i] = 1;
      total = total * 31 + produced;
      switches++;
    }
  printf("generators %d switches, %ld\n", switches, total);
}

static void again(void) {
  volatile int count = 0;
  ucontext_t here;
  getcontext(&here);
  if (++count < 100) setcontext(&here);
  printf("setcontext %d\n", count);
}

static sigjmp_buf back;
static volatile sig_atomic_t seen;
static char alternate[1 << 16];

static void leave(int number, siginfo_t *info, void *context) {
  char here;
  (void)context;
  seen = number;
  int on = &here >= alternate && &here < alternate + sizeof alternate;
  siglongjmp(back, on * 100 + (info->si_signo == number) + (info->si_code == SI_TKILL) * 10);
}

static void handlers(void) {
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGUSR1, &action, NULL);
  volatile int sum = 0;
  for (int i = 0; i < 20; i++) {
    int r = sigsetjmp(back, 1);
    if (r == 0) {
      raise(SIGUSR1);
      puts("not reached");
    } else {
      sum += r;
    }
  }
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  printf("handlers %d, signal %d, blocked %d\n", sum, seen, sigismember(&mask, SIGUSR1));
}

static volatile int ticks;
static void tick(int number) {
  (void)number;
  ticks++;
}

static void interrupted(void) {
  struct sigaction action = {.sa_handler = tick};
  sigaction(SIGALRM, &action, NULL);
  alarm(1);
  int r = pause();
  printf("pause %d, ticks %d\n", r, ticks);
}

int main(void) {
  generators();
  again();
  handlers();
  interrupted();
  return 0;
}
