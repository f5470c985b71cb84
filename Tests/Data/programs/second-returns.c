// Functions that go on for long where setjmp has returned for the second time.
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t mix(uint64_t a, uint64_t b)
{
    return (a ^ b) * 0x9e3779b97f4a7c15 + (a >> 29);
}

static jmp_buf top;

__attribute__((noinline)) static uint64_t step(uint64_t n, uint64_t every)
{
    if (n % every == every - 1)
        longjmp(top, (int)(n % 1000) + 1);
    return n * 3;
}

// One setjmp, many jumps back, a loop behind it.
__attribute__((noinline)) static uint64_t one(uint64_t turns)
{
    volatile uint64_t at = 0, sum = 0;
    int back = setjmp(top);
    uint64_t a = (uint64_t)back, b = 3;
    sum += a;
    while (at < turns) {
        uint64_t here = at++;
        a = mix(a, here);
        b += step(here, 4099) ^ a;
        for (int k = 0; k < 5; k++)
            b = b * 5 + a;
    }
    return mix(sum, mix(a, b));
}

// A reader's loop: setjmp in each turn, a switch, jumps from deep inside.
__attribute__((noinline)) static uint64_t deep(int level, uint64_t n)
{
    volatile char here[64];
    memset((void *)here, level, sizeof here);
    if (level == 0)
        longjmp(top, 7);
    return deep(level - 1, mix(n, (uint64_t)here[3])) + 1;
}

__attribute__((noinline)) static uint64_t reader(uint64_t turns)
{
    volatile uint64_t h = 1, errors = 0;
    for (volatile uint64_t n = 0; n < turns; n++) {
        switch (setjmp(top)) {
        case 0: break;
        case 7: errors++; continue;
        default: errors += 100; continue;
        }
        uint64_t local = h;
        for (unsigned k = 0; k < 20; k++)
            switch ((local >> 7 ^ k) % 8) {
            case 0: local = mix(local, k); break;
            case 1: local += n; break;
            case 2: local ^= local << 9; break;
            case 3: local *= 0x10001; break;
            case 4: local -= 77; break;
            case 5: local = local >> 1 | local << 63; break;
            case 6: local ^= step(local % 5000, 4999); break;
            default: if (local % 64 == 9) deep((int)(n % 20), local); break;
            }
        h = local;
    }
    return mix(h, errors);
}

// Two places to come back to, one inside of the other's loop.
__attribute__((noinline)) static uint64_t two(uint64_t turns)
{
    jmp_buf outer;
    volatile uint64_t h = 5, n = 0;
    if (setjmp(outer) == 3)
        h = mix(h, 3);
    for (; n < turns; n++) {
        jmp_buf saved;
        memcpy(saved, top, sizeof top);
        if (setjmp(top))
            h += 11;
        else
            h = mix(h, step(n, 37));
        memcpy(top, saved, sizeof top);
        if (n % 501 == 500) {
            n++;
            longjmp(outer, 3);
        }
    }
    return h;
}

// Doubles across jumps; what is not volatile is not changed in between.
__attribute__((noinline)) static double floats(uint64_t turns)
{
    volatile double x = 0.5;
    volatile uint64_t i = 0;
    setjmp(top);
    double scale = 1.0 / (double)(i + 1), y = x;
    while (i < turns) {
        i++;
        y = y * 0.999 + scale;
        x = y;
        y += (double)step(i, 1009) * 1e-9;
    }
    return y;
}

static sigjmp_buf alarmed;
static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
    siglongjmp(alarmed, 2);
}

// Out of handlers: of signals that are raised, and of faults.
__attribute__((noinline)) static uint64_t handled(uint64_t turns)
{
    volatile uint64_t h = 9, n = 0;
    volatile uint64_t *volatile nowhere = (volatile uint64_t *)16;
    signal(SIGUSR1, on_signal);
    signal(SIGSEGV, on_signal);
    if (sigsetjmp(alarmed, 1))
        h = mix(h, n);
    while (n < turns) {
        uint64_t here = ++n, local = h;
        for (int k = 0; k < 30; k++)
            local = mix(local, here);
        h = local;
        if (here % 97 == 0)
            raise(SIGUSR1);
        if (here % 89 == 0)
            h += *nowhere;
    }
    return mix(h, (uint64_t)signals);
}

int main(void)
{
    printf("one %016llx\n", (unsigned long long)one(200000));
    printf("reader %016llx\n", (unsigned long long)reader(20000));
    printf("two %016llx\n", (unsigned long long)two(20000));
    printf("floats %.12g\n", floats(100000));
    printf("handled %016llx\n", (unsigned long long)handled(5000));
    return 0;
}
