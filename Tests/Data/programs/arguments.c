// What may be an argument of a call through a pointer, and what a part of a register keeps: assembly that compilers
// could have made, and some that only people write.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf back;

static long six(long a, long b, long c, long d, long e, long f)
{
    printf("%ld %ld %ld %ld %ld %ld\n", a, b, c, d, e, f);
    return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f;
}

static void never(void) { longjmp(back, 1); }

static double sum(int count, ...)
{
    va_list list;
    double total = 0;
    va_start(list, count);
    for (int i = 0; i < count; i++)
        total += va_arg(list, double);
    va_end(list);
    return total;
}

static double few(int count, double a) { return a * count; }

long (*volatile to_six)(long, long, long, long, long, long) = six;
void (*volatile to_never)(void) = never;
double (*volatile to_sum)(int, ...) = sum;
double (*volatile to_few)(int, double) = few;

__asm__(".text\n"
        // Changes arguments and gives them back, as functions that count calls do.
        "keeper:\n"
        "  push %rdi\n  push %rsi\n  push %rdx\n  push %rcx\n  push %r8\n  push %r9\n"
        "  mov $-1, %rdi\n  mov %rdi, %rsi\n  mov %rdi, %rcx\n  mov %rdi, %r8\n  mov %rdi, %r9\n  mov %rdi, %rdx\n"
        "  incl kept(%rip)\n"
        "  pop %r9\n  pop %r8\n  pop %rcx\n  pop %rdx\n  pop %rsi\n  pop %rdi\n"
        "  ret\n"
        ".globl use_keeper\n"
        "use_keeper:\n" // (a, b, c, d, e, f)
        "  sub $8, %rsp\n"
        "  call keeper\n"
        "  call *to_six(%rip)\n"
        "  add $8, %rsp\n"
        "  ret\n"
        // Four results, as Swift has them: RAX, RDX, RCX, R8.
        "four:\n"
        "  lea 1(%rdi), %rax\n  lea 2(%rdi), %rdx\n  lea 3(%rdi), %rcx\n  lea 4(%rdi), %r8\n"
        "  ret\n"
        ".globl name_four\n"
        "name_four:\n" // (n): the sum of all four
        "  call four\n"
        "  add %rcx, %rax\n  add %r8, %rax\n  add %rdx, %rax\n"
        "  ret\n"
        ".globl pass_four\n"
        "pass_four:\n" // (n): the four go on to six as they are
        "  sub $8, %rsp\n"
        "  call four\n"
        "  mov $1, %edi\n  mov $2, %esi\n  mov $6, %r9d\n"
        "  call *to_six(%rip)\n"
        "  add $8, %rsp\n"
        "  ret\n"
        // The block behind a call that never comes back belongs to somebody else.
        ".globl meet\n"
        "meet:\n" // (a, b): six(a, b, 3, 4, 5, 6), or never if a is 0
        "  sub $8, %rsp\n"
        "  mov $3, %edx\n  mov $4, %ecx\n  mov $5, %r8d\n  mov $6, %r9d\n"
        "  test %rdi, %rdi\n"
        "  jne 1f\n"
        "  call *to_never(%rip)\n"
        "1: call *to_six(%rip)\n"
        "  add $8, %rsp\n"
        "  ret\n"
        // AL is set far from the call; a thunk hands it on.
        ".globl use_sum\n"
        "use_sum:\n" // (n, a, b)
        "  sub $8, %rsp\n"
        "  mov $2, %eax\n"
        "  cmp $2, %edi\n"
        "  je 2f\n"
        "  addsd %xmm1, %xmm0\n"
        "2: call thunk\n"
        "  add $8, %rsp\n"
        "  ret\n"
        "thunk:\n"
        "  jmp *to_sum(%rip)\n"
        // CL and the lower lane of XMM1 change, and the callers look at what is above.
        "low:\n"
        "  test $1, %dil\n"
        "  je 3f\n"
        "  mov %dil, %cl\n"
        "  cvtsi2sd %edi, %xmm1\n"
        "3: movzbl %cl, %eax\n"
        "  ret\n"
        ".globl use_low\n"
        "use_low:\n" // (n, in, out)
        "  mov (%rsi), %rcx\n"
        "  movdqu 8(%rsi), %xmm1\n"
        "  push %rdx\n"
        "  call low\n"
        "  pop %rdx\n"
        "  mov %rcx, (%rdx)\n"
        "  movdqu %xmm1, 8(%rdx)\n"
        "  ret\n"
        // Both lanes are made one after the other, the old ones are nobody's.
        ".globl halves\n"
        "halves:\n" // (a, b, out)
        "  movlpd (%rdi), %xmm1\n"
        "  movhpd (%rsi), %xmm1\n"
        "  movhlps %xmm1, %xmm0\n"
        "  movlhps %xmm1, %xmm0\n"
        "  movdqu %xmm0, (%rdx)\n"
        "  setb %cl\n"
        "  movzbl %cl, %eax\n"
        "  ret\n");

int kept;
long use_keeper(long, long, long, long, long, long);
long name_four(long);
long pass_four(long);
long meet(long, long);
double use_sum(int, double, double);
long use_low(int, const uint64_t *, uint64_t *);
int halves(const double *, const double *, double *);

int main(void)
{
    for (long i = 1; i < 4; i++) {
        printf("%ld\n", use_keeper(i, i + 1, i + 2, i + 3, i + 4, i + 5));
        printf("%ld %ld\n", name_four(i), pass_four(10 * i));
        printf("%ld\n", meet(i, 2));
        printf("%g %g\n", use_sum((int)i, 1.5, 2.25), to_few(2, i));
        uint64_t in[3] = {UINT64_C(0x1122334455667700), UINT64_C(0x3ff0000000000000), UINT64_C(0x123456789abcdef)}, out[3];
        long byte = use_low((int)i, in, out);
        printf("%lx %llx %llx %llx\n", byte, (unsigned long long)out[0], (unsigned long long)out[1], (unsigned long long)out[2]);
        double a = i, b = -i, both[2];
        halves(&a, &b, both);
        printf("%g %g\n", both[0], both[1]);
    }
    if (!setjmp(back))
        meet(0, 1);
    printf("back, %d\n", kept);
    return 0;
}
