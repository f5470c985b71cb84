// Calls through pointers: functions at odd addresses, arguments that functions only pass on, callee-saved
// registers on the way, and ifunc resolvers that answer what nobody would guess.
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Hand-written, packed without alignment.
__asm__(".text\n"
        ".p2align 4\n"
        "  nop\n"
        "odd_sum:\n" // 1 above a multiple of 16
        "  lea (%rdi,%rsi), %rax\n"
        "  ret\n"
        "odd_difference:\n"
        "  mov %rdi, %rax\n"
        "  sub %rsi, %rax\n"
        "  ret\n"
        // Passes all arguments on.
        "forward:\n"
        "  jmp *forwarded(%rip)\n"
        // The same with a call, and a second one with what the first has left of callee-saved registers.
        "forward_twice:\n"
        "  push %rbx\n"
        "  call *forwarded(%rip)\n"
        "  mov %rax, %rbx\n"
        "  mov $1, %edi\n mov $2, %esi\n mov $3, %edx\n mov $4, %ecx\n mov $5, %r8d\n mov $6, %r9d\n"
        "  call *forwarded(%rip)\n"
        "  add %rbx, %rax\n"
        "  pop %rbx\n"
        "  ret\n"
        // Calls (rdi) with six values in callee-saved registers; answers a mix of what comes back in them.
        "keeps:\n"
        "  push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n sub $8, %rsp\n"
        "  mov %rsi, %rbx\n lea 1(%rsi), %rbp\n lea 2(%rsi), %r12\n lea 3(%rsi), %r13\n lea 4(%rsi), %r14\n"
        "  lea 5(%rsi), %r15\n"
        "  mov %rsi, %rax\n mov %rdi, %rdx\n mov %rsi, %rdi\n"
        "  call *%rdx\n"
        "  imul $3, %rax\n add %rbx, %rax\n imul $5, %rax\n add %rbp, %rax\n imul $7, %rax\n add %r12, %rax\n"
        "  imul $11, %rax\n add %r13, %rax\n imul $13, %rax\n add %r14, %rax\n imul $17, %rax\n add %r15, %rax\n"
        "  add $8, %rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
        "  ret\n"
        // Returns with all callee-saved registers changed and put back from elsewhere than where they were pushed.
        "moves:\n"
        "  mov %rbx, saved(%rip)\n mov %r14, saved+8(%rip)\n"
        "  mov $77, %ebx\n mov $78, %r14d\n"
        "  lea (%rdi,%rbx), %rax\n add %r14, %rax\n"
        "  mov saved(%rip), %rbx\n mov saved+8(%rip), %r14\n"
        "  ret\n"
        ".bss\n .p2align 3\n"
        "saved: .skip 16\n"
        ".text\n");

typedef uint64_t two(uint64_t, uint64_t);
typedef uint64_t six(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
typedef uint64_t one(uint64_t);
extern two odd_sum, odd_difference;
extern six forward, forward_twice;
extern one moves;
uint64_t keeps(one *, uint64_t);

static uint64_t weigh(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

static uint64_t last(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    (void)a, (void)b, (void)c, (void)d;
    return e * f;
}

six *forwarded = weigh;

static two *volatile pair[] = {odd_sum, odd_difference};
static six *volatile long_way[] = {forward, forward_twice, weigh, last};

static jmp_buf back;

static __attribute__((noinline)) uint64_t deep(uint64_t n)
{
    if (n == 0)
        longjmp(back, 1);
    return deep(n - 1) + n;
}

static uint64_t jumps(uint64_t x)
{
    volatile uint64_t kept = x;
    if (setjmp(back) == 0)
        return deep(x & 7);
    return kept * 2;
}

static uint64_t nested(uint64_t x)
{
    return x > 1000 ? x : keeps(nested, x * 3 + 1) % 1000003;
}

// What start-up code answers is decided by the program's own data.
static double half(double x) { return x / 2; }
static double third(double x) { return x / 3; }
static double quarter(double x) { return x / 4; }
static double fifth(double x) { return x / 5; }
static double (*hidden[])(double) = {quarter, fifth};
volatile int which = 1;

static double (*resolve_known(void))(double) { return which ? third : half; }
static double (*resolve_hidden(void))(double) { return hidden[which]; }
double known(double) __attribute__((ifunc("resolve_known")));
double unknown(double) __attribute__((ifunc("resolve_hidden")));
static double (*volatile through)(double) = known;

int main(void)
{
    for (int i = 0; i < 2; i++)
        printf("%lu\n", (unsigned long)pair[i](1000, 7));
    for (int k = 0; k < 2; k++) {
        forwarded = k ? last : weigh;
        for (int i = 0; i < 4; i++)
            printf("%lu\n", (unsigned long)long_way[i](9, 8, 7, 6, 5, 4));
    }
    one *volatile kept[] = {moves, jumps, nested};
    for (int i = 0; i < 3; i++)
        printf("%lu\n", (unsigned long)keeps(kept[i], 41));
    printf("%g %g %g\n", known(30), unknown(30), through(60) + known(3) * unknown(5));
    return 0;
}
