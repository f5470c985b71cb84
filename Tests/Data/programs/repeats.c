// REP MOVS and REP STOS of every width: counts, distances, overlaps, both directions, and pages that
// end in the middle, where bytes and registers of a fault are to be the processor's.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static unsigned char area[4096] __attribute__((aligned(4096)));
static uint64_t sum;

static void add(const void *bytes, size_t count)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ p[i]) * 1099511628211u;
}

typedef struct { uint64_t di, si, cx; } State;

#define REPEAT(name, text)                                                                          \
    __attribute__((noinline)) static void name(State *s, uint64_t a)                               \
    {                                                                                               \
        __asm__ volatile(text : "+D"(s->di), "+S"(s->si), "+c"(s->cx) : "a"(a) : "memory", "cc");   \
    }
REPEAT(movsb, "rep movsb") REPEAT(movsw, "rep movsw") REPEAT(movsl, "rep movsl") REPEAT(movsq, "rep movsq")
REPEAT(stosb, "rep stosb") REPEAT(stosw, "rep stosw") REPEAT(stosl, "rep stosl") REPEAT(stosq, "rep stosq")
REPEAT(movsb_down, "std; rep movsb; cld") REPEAT(movsq_down, "std; rep movsq; cld")
REPEAT(stosb_down, "std; rep stosb; cld") REPEAT(stosl_down, "std; rep stosl; cld")
REPEAT(movsb_short, "addr32 rep movsb") REPEAT(stosw_short, "addr32 rep stosw")

static const struct { const char *name; void (*run)(State *, uint64_t); int width, isDown; } forms[] = {
    {"movsb", movsb, 1, 0}, {"movsw", movsw, 2, 0}, {"movsl", movsl, 4, 0}, {"movsq", movsq, 8, 0},
    {"stosb", stosb, 1, 0}, {"stosw", stosw, 2, 0}, {"stosl", stosl, 4, 0}, {"stosq", stosq, 8, 0},
    {"movsb down", movsb_down, 1, 1}, {"movsq down", movsq_down, 8, 1},
    {"stosb down", stosb_down, 1, 1}, {"stosl down", stosl_down, 4, 1},
    {"movsb, 32-bit addresses", movsb_short, 1, 0}, {"stosw, 32-bit addresses", stosw_short, 2, 0},
};
enum { FORMS = sizeof forms / sizeof *forms };

static void fill(void)
{
    for (size_t i = 0; i < sizeof area; i++)
        area[i] = (unsigned char)(i * 7 + (i >> 8) * 13);
}

static void one(int form, int to, int from, int count)
{
    fill();
    State s = {(uint64_t)(area + to), (uint64_t)(area + from), (uint64_t)count};
    forms[form].run(&s, 0x1122334455667788u + (uint64_t)count);
    add(area, sizeof area);
    s.di -= (uint64_t)area;
    s.si -= (uint64_t)area;
    add(&s, sizeof s);
}

static sigjmp_buf back;
// The last pages before holes; holes are as large as any host's pages.
static unsigned char *pages, *source;
enum { HOLE = 65536 };

static void stop(int number, siginfo_t *info, void *context)
{
    (void)context;
    printf(" signal %d at %ld", number, (long)((unsigned char *)info->si_addr - pages));
    siglongjmp(back, 1);
}

static void into_a_hole(int form, int offset, int from, int count)
{
    memset(pages, 0x55, 4096);
    for (int i = 0; i < 4096; i++)
        source[i] = (unsigned char)(i * 3);
    State s = {(uint64_t)(pages + offset), (uint64_t)(source + from), (uint64_t)count};
    printf("%s %d %d %d:", forms[form].name, offset, from, count);
    if (!sigsetjmp(back, 1))
        forms[form].run(&s, 0xa1b2c3d4e5f60718u);
    uint64_t before = sum;
    sum = 0;
    add(pages, 4096);
    printf(" %016lx\n", sum);
    sum ^= before;
}

int main(void)
{
    for (int form = 0; form < FORMS; form++) {
        int home = forms[form].isDown ? 3000 : 1024;
        for (int count = 0; count < 70; count++)
            for (int shift = 0; shift < 20; shift++)
                one(form, home + shift, 2048 + (shift * 5) % 17, count);
        for (int distance = -40; distance <= 40; distance++)
            one(form, 2048 + distance, 2048, 40 + distance % 3);
        one(form, forms[form].isDown ? 3000 : 0, forms[form].isDown ? 4000 : 1500, 1000 / forms[form].width);
        printf("%s %016lx\n", forms[form].name, sum);
    }
    unsigned char *start = mmap(0, 4 * HOLE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(start + HOLE, HOLE, PROT_NONE);
    mprotect(start + 3 * HOLE, HOLE, PROT_NONE);
    pages = start + HOLE - 4096;
    source = start + 3 * HOLE - 4096;
    struct sigaction action = {.sa_sigaction = stop, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, 0);
    for (int form = 0; form < 8; form++)
        for (int before = 1; before < 60; before += 7) {
            into_a_hole(form, 4096 - before, 0, 80);
            into_a_hole(form, 1024 + before, 4096 - before, 80);
            into_a_hole(form, 1024, 4096 - 48 - before, 100);
        }
    printf("%016lx\n", sum);
    return 0;
}
