// Assembly with conventions of its own, as libraries of ciphers have: results in any vector register
// and in flags, made well before the return, and registers kept where the psABI keeps none.
#include <stdint.h>
#include <stdio.h>

// Doubles the pair in xmm6 as often as r10 says; xmm6 and xmm9 are results, made inside the loop.
__asm__(".text\n"
        "spread:\n"
        "  movdqu (%rcx), %xmm6\n"
        "  pxor %xmm9, %xmm9\n"
        "1: paddq %xmm6, %xmm6\n"
        "  paddq %xmm6, %xmm9\n"
        "  dec %r10d\n"
        "  jne 1b\n"
        "  movdqa %xmm6, %xmm7\n"
        "  ret\n"
        // CF and ZF tell whether rdi is below or equal to rsi; what follows keeps them.
        "order:\n"
        "  cmp %rsi, %rdi\n"
        "  jb 2f\n"
        "  lea 3(%rdx), %rdx\n"
        "  ret\n"
        "2: lea 5(%rdx), %rdx\n"
        "  ret\n"
        // xmm12 changes only where rdi is odd, and the caller reads it either way.
        "turn:\n"
        "  test $1, %dil\n"
        "  je 3f\n"
        "  paddq %xmm12, %xmm12\n"
        "3: mov %rdi, %rax\n"
        "  ret\n"
        ".globl use_spread\n"
        "use_spread:\n" // (in rdi, out rsi, count edx)
        "  mov %rdi, %rcx\n"
        "  mov %edx, %r10d\n"
        "  call spread\n"
        "  pxor %xmm6, %xmm7\n"
        "  paddq %xmm9, %xmm7\n"
        "  movdqu %xmm6, (%rsi)\n"
        "  movdqu %xmm7, 16(%rsi)\n"
        "  ret\n"
        ".globl use_order\n"
        "use_order:\n" // (rdi, rsi): 1 below, 2 equal, 4 above, and what order added
        "  xor %edx, %edx\n"
        "  call order\n"
        "  mov $4, %eax\n"
        "  mov $1, %ecx\n"
        "  cmovb %ecx, %eax\n"
        "  mov $2, %ecx\n"
        "  cmove %ecx, %eax\n"
        "  shl $8, %edx\n"
        "  or %edx, %eax\n"
        "  ret\n"
        ".globl use_turn\n"
        "use_turn:\n" // (in rdi, out rsi)
        "  movdqu (%rdi), %xmm12\n"
        "  push %rbx\n"
        "  mov $7, %ebx\n"
        "4: mov %rbx, %rdi\n"
        "  call turn\n"
        "  dec %ebx\n"
        "  jne 4b\n"
        "  movdqu %xmm12, (%rsi)\n"
        "  pop %rbx\n"
        "  ret\n");

void use_spread(const uint64_t *in, uint64_t *out, unsigned count);
unsigned use_order(uint64_t a, uint64_t b);
void use_turn(const uint64_t *in, uint64_t *out);

int main(void)
{
    uint64_t in[2] = {3, UINT64_C(0x123456789abcdef)}, out[4];
    for (unsigned count = 1; count < 6; count++) {
        use_spread(in, out, count);
        for (int i = 0; i < 4; i++)
            printf("%016llx ", (unsigned long long)out[i]);
        printf("\n");
    }
    printf("%x %x %x\n", use_order(1, 2), use_order(2, 2), use_order(3, 2));
    use_turn(in, out);
    printf("%llx %llx\n", (unsigned long long)out[0], (unsigned long long)out[1]);
    return 0;
}
