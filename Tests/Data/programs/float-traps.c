// Unmasked SSE exceptions (#XM): signal, code and where the handler leaves to, for every exception, and what
// a trapped instruction must not have changed.

#define _GNU_SOURCE
#include <emmintrin.h>
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static sigjmp_buf out;
static volatile int code;
static volatile unsigned flags;

static void handler(int signal, siginfo_t *information, void *context) {
  ucontext_t *c = context;
  code = information->si_code;
  flags = c->uc_mcontext.fpregs->mxcsr & 0x3f;
  (void)signal;
  siglongjmp(out, 1);
}

static volatile double zero = 0, one = 1, huge = 1e308, tiny = 1e-308, three = 3;

__attribute__((noinline)) static double run(int which) {
  switch (which) {
  case 0: return one / zero;
  case 1: return zero / zero;
  case 2: return huge * huge;
  case 3: return tiny * tiny;
  case 4: return one / three;
  case 5: return sqrt(-one);
  case 6: return (double)(float)huge;
  case 7: return (double)(int)huge;
  case 8: return one + three;
  }
  return 0;
}

static const int kinds[] = {FE_DIVBYZERO, FE_INVALID, FE_OVERFLOW, FE_UNDERFLOW, FE_INEXACT, FE_INVALID,
                            FE_OVERFLOW, FE_INVALID, FE_ALL_EXCEPT};

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, 0);
  for (volatile int n = 0; n < 9; n++) {
    for (volatile int unmasked = 0; unmasked < 2; unmasked++) {
      fedisableexcept(FE_ALL_EXCEPT);
      feclearexcept(FE_ALL_EXCEPT);
      volatile double result = -1;
      code = 0;
      flags = 0;
      if (!sigsetjmp(out, 1)) {
        if (unmasked) feenableexcept(kinds[n]);
        result = run(n);
      }
      fedisableexcept(FE_ALL_EXCEPT);
      printf("%d %s: %g code %d flags %x\n", n, unmasked ? "unmasked" : "masked", result, code,
             code ? flags : (unsigned)fetestexcept(FE_ALL_EXCEPT));
    }
  }
  return 0;
}
