/* Synchronous faults, one way a number: handlers that leave, return, or end the program. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>
static sigjmp_buf jb;
static int mode;
static volatile int count;
static char alt[65536];
static void *expect; static char *page;
static void jump(int s, siginfo_t *i, void *u) { count++; if (i->si_addr != expect) printf("bad addr %p\n", i->si_addr); siglongjmp(jb, s); }
static void fix(int s, siginfo_t *i, void *u) { count++; if (i->si_addr != page + 8) printf("bad addr %p %p\n", i->si_addr, page); mprotect(page, sysconf(_SC_PAGESIZE), PROT_READ|PROT_WRITE); }
static void exiter(int s, siginfo_t *i, void *u) { int near = (char *)i->si_addr - (char *)u < 0x2000000 && (char *)u - (char *)i->si_addr < 0x2000000; printf("signal %d code %d addr %p alt %d\n", s, mode == 12 ? 0 : i->si_code, mode == 6 && near ? (void *)6 : i->si_addr, (char *)&i > alt && (char*)&i < alt + sizeof alt); fflush(stdout); _exit(3); }
static void plain(int s) { printf("plain %d\n", s); siglongjmp(jb, s); }
static void on(int sig, void (*h)(int, siginfo_t *, void *), int flags) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = h; a.sa_flags = SA_SIGINFO | flags; sigaction(sig, &a, 0); }
__attribute__((noinline)) int deref(volatile int *p) { return *p; }
__attribute__((noinline)) int store(volatile char *p, int v) { char buf[300]; memset(buf, v, sizeof buf); p[8] = v; return buf[v & 255]; }
__attribute__((noinline)) int divide(int a, int b) { return a / b; }
__attribute__((noinline)) int deep(int n) { volatile char b[64]; b[0] = n; return n < 0 ? b[0] : deep(n + 1) + b[0]; }
typedef float vector __attribute__((vector_size(16)));
__attribute__((noinline)) vector load_aligned(vector *p) { vector v; __asm__("movaps %1, %0" : "=x"(v) : "m"(*p)); return v; }
__attribute__((noinline)) vector add_aligned(vector *p, vector v) { __asm__("addps %1, %0" : "+x"(v) : "m"(*p)); return v; }
__attribute__((noinline)) void store_aligned(vector *p, vector v) { __asm__("movdqa %1, %0" : "=m"(*p) : "x"(v)); }
int main(int argc, char **argv) {
  mode = argc > 1 ? atoi(argv[1]) : 0;
  stack_t st = { .ss_sp = alt, .ss_size = sizeof alt };
  expect = (void *)16;
  if (mode == 0) { sigaltstack(&st, 0); on(SIGSEGV, exiter, SA_ONSTACK); return deref((int *)0x1234); }
  if (mode == 1 || mode == 2) {
    if (mode == 2) sigaltstack(&st, 0);
    on(SIGSEGV, jump, mode == 2 ? SA_ONSTACK : 0);
    for (volatile int n = 0; n < 1000; n++) if (sigsetjmp(jb, 1) == 0) deref((int *)16);
    printf("%d faults\n", count); return 0; }
  if (mode == 3) {
    on(SIGSEGV, fix, 0); page = mmap(0, sysconf(_SC_PAGESIZE), PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
    int sum = 0;
    for (int n = 0; n < 1000; n++) { mprotect(page, sysconf(_SC_PAGESIZE), PROT_READ); sum += store(page, n); sum += page[8]; }
    printf("%d fixed, sum %d\n", count, sum); return 0; }
  if (mode == 4) { signal(SIGFPE, plain); if (sigsetjmp(jb, 1) == 0) divide(5, argc - 2); signal(SIGFPE, SIG_DFL); on(SIGFPE, exiter, 0); return divide((int)0x80000000, -(argc - 1)); }
  if (mode == 5) { signal(SIGILL, plain); if (sigsetjmp(jb, 1) == 0) __asm__ volatile("ud2"); on(SIGILL, exiter, 0); __asm__ volatile("ud2"); return 0; }
  if (mode == 6) { char local[65536]; stack_t s2 = { .ss_sp = local, .ss_size = sizeof local }; sigaltstack(&s2, 0);
    on(SIGSEGV, exiter, SA_ONSTACK); return deep(1); }
  if (mode == 7) { return deep(1); }
  if (mode == 8) { return deref((int *)16); }
  if (mode == 9) { void (*f)(void) = (void (*)(void))0x77770; on(SIGSEGV, exiter, 0); f(); }
  if (mode == 10) { char local[65536]; stack_t s2 = { .ss_sp = local, .ss_size = sizeof local }; sigaltstack(&s2, 0); expect = (void *)16;
    on(SIGSEGV, jump, SA_ONSTACK); for (volatile int n = 0; n < 1000; n++) if (sigsetjmp(jb, 1) == 0) deref((int *)16);
    printf("%d faults\n", count); return 0; }
  if (mode == 11) { signal(SIGFPE, SIG_IGN); return divide(5, argc - 2); }
  if (mode == 13 || mode == 14) {
    // Aligned vectors that are not: #GP.
    static char room[64] __attribute__((aligned(16)));
    vector *good = (vector *)room, *bad = (vector *)(room + 20), v = {1, 2, 3, 4};
    expect = 0;
    on(SIGSEGV, mode == 13 ? jump : exiter, 0);
    store_aligned(good, v);
    v = add_aligned(good, load_aligned(good));
    if (mode == 13 && sigsetjmp(jb, 1) == 0) store_aligned(bad, v);
    if (mode == 13 && sigsetjmp(jb, 1) == 0) printf("%g\n", add_aligned(bad, v)[0]);
    printf("%d faults, %g %d\n", count, v[3], room[20]);
    if (mode == 13) return 0;
    v = load_aligned(bad);
    return (int)v[0]; }
  if (mode == 12) { on(SIGSEGV, exiter, 0); return deref((int *)0x8877665544332211ull); }
  return 0;
}
