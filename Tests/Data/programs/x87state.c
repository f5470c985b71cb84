/* x87state.c - the register stack across system calls, signals, faults, processes and threads. */
#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int calls;
static char *page;
static sigjmp_buf out;

static unsigned short control(void)
{
    unsigned short w;
    __asm__ volatile("fnstcw %0" : "=m"(w));
    return w;
}

static void seen(int signal, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    /* A handler begins with an empty stack and the initial control word. */
    unsigned short status;
    __asm__ volatile("fnstsw %0" : "=m"(status));
    volatile long double third = 1.0L / 3;
    long double top = 0;
    memcpy(&top, u->uc_mcontext.fpregs->_st, 10);
    printf("signal %d: control %#x, status %#x, %.20Lg; interrupted: control %#x, st0 %.20Lg\n", signal,
           control(), status, third * 3, u->uc_mcontext.fpregs->cwd, top);
    calls++;
    if (signal == SIGSEGV)
        mprotect(page, 4096, PROT_READ | PROT_WRITE);
    (void)info;
}

static void leave(int signal, siginfo_t *info, void *context)
{
    (void)context;
    printf("left by signal %d, code %d\n", signal, info->si_code);
    siglongjmp(out, 1);
}

int main(void)
{
    struct sigaction act = { 0 };
    act.sa_sigaction = seen;
    act.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &act, NULL);
    sigaction(SIGSEGV, &act, NULL);

    long double kept;
    unsigned short single = 0x07f;
    __asm__ volatile("fldcw %0" : : "m"(single));
    /* getpid, then kill(pid, SIGUSR1), with a value on the stack. */
    __asm__ volatile("fldpi\n\tmov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\tmov $10, %%esi\n\t"
                     "mov $62, %%eax\n\tsyscall\n\tfstpt %0"
                     : "=m"(kept)
                     :
                     : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "memory");
    printf("kept %.20Lg, control %#x\n", kept, control());

    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    __asm__ volatile("fldl2e\n\tfistpll (%1)\n\tfldpi\n\tfstpt %0" : "=m"(kept) : "r"(page) : "memory");
    printf("after the fault %.20Lg and %d, calls %d\n", kept, page[0], calls);

    unsigned short usual = 0x37f;
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(usual));
    __asm__ volatile("fldln2" :);
    pid_t child = fork();
    __asm__ volatile("fstpt %0" : "=m"(kept));
    if (child == 0)
        _exit(kept > 0.693L && kept < 0.694L ? 7 : 8);
    int status;
    waitpid(child, &status, 0);
    printf("child %d, parent %.20Lg\n", WEXITSTATUS(status), kept);

    /* MMX and x87 share registers. */
    unsigned long long bits;
    unsigned short exponent[5];
    __asm__ volatile("fld1\n\tmovq %2, %%mm3\n\tpaddb %%mm3, %%mm3\n\tmovq %%mm3, %0\n\tfnsave %1"
                     : "=m"(bits), "=m"(*(char(*)[108])page)
                     : "m"((unsigned long long){ 0x0102030405060708 })
                     : "memory");
    memcpy(exponent, page + 28 + 30, 10);
    printf("mmx %llx in %x %x\n", bits, exponent[4], exponent[0]);

    fenv_t env;
    feholdexcept(&env);
    volatile long double zero = 0, one = 1;
    volatile long double inf = one / zero;
    printf("%Lg, divbyzero %d, inexact %d\n", inf, !!fetestexcept(FE_DIVBYZERO), !!fetestexcept(FE_INEXACT));
    fesetenv(&env);
    for (int mode = 0; mode < 4; mode++) {
        static const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };
        fesetround(modes[mode]);
        printf("%La %La %Lg %Lg\n", one / 3, -one / 3, rintl(one * 5 / 2), nearbyintl(-one * 5 / 2));
    }
    fesetround(FE_TONEAREST);
    printf("%d %d %d\n", isgreater(one, zero), isunordered(one, (volatile long double){ NAN }),
           (int)(one * 7 / 2));
    printf("%.18Lg %.18Lg %.18Lg\n", sqrtl(2), fmodl(1e30L, 7), ldexpl(one, -16445));

    /* What an unmasked exception keeps from being done; FNCLEX in time keeps it from being raised. */
#define TRY(mask, load, operation) do { \
        unsigned short word = 0x37f & ~(mask), state; \
        long double top[2] = { 0, 0 }; \
        short number = 77; \
        __asm__ volatile("fninit\n\tfldcw %3\n\t" load operation "\n\tfnstsw %0\n\tfnclex\n\tfldcw %4\n\t" \
                         "fstpt %1\n\tfstpt %2\n\tfninit" \
                         : "=m"(state), "=m"(top[0]), "=m"(top[1]), "+m"(word), "+m"(usual), "+m"(number), "+m"(tiny)); \
        printf("%s: %#x %.20Lg %.20Lg %d %a\n", operation, state & 0xb8ff, top[0], top[1], number, tiny); \
    } while (0)
    double tiny = 1.5;
    for (int mask = 0; mask < 0x40; mask++) {
        TRY(mask, "fldz\n\tfld1\n\t", "fdivp");
        TRY(mask, "fldz\n\tfld1\n\t", "fdivrp");
        TRY(mask, "fldl2e\n\tfld1\n\tfchs\n\t", "fsqrt");
        TRY(mask, "fldpi\n\tfld1\n\tfldz\n\tfdivrp\n\tfnclex\n\t", "fistps %5");
        TRY(mask, "fldl2e\n\tfldpi\n\t", "fistps %5");
        TRY(mask, "fld1\n\tfldpi\n\tfscale\n\tfnclex\n\t", "fsubp");
        TRY(mask, "", "fld1\n\tfaddp");
    }

    act.sa_sigaction = leave;
    sigaction(SIGFPE, &act, NULL);
    if (sigsetjmp(out, 1) == 0) {
        feclearexcept(FE_ALL_EXCEPT);
        unsigned short unmasked = 0x37f & ~4;
        __asm__ volatile("fldcw %0" : : "m"(unmasked));
        inf = one / zero;
        __asm__ volatile("fwait");
        puts("no exception");
    }
    __asm__ volatile("fninit");
    printf("end %.20Lg\n", one / 3);
    return 0;
}
