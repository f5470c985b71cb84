// Registers that only some ways through a function write before a call through a pointer, or a return, gets them.
#include <stdint.h>
#include <stdio.h>

// Each takes (way, pointer, turns) in RDI, RSI, RDX and calls the pointer; R8, R9, R10 and XMM3 are set by the caller.
asm(".text\n.p2align 4\n.type branch,@function\nbranch:\n"
    "push %rbx\nmov %rsi,%rbx\ntest $1,%edi\njz 1f\nmov $11,%r8d\nmovsd numbers(%rip),%xmm3\n"
    "1: test $2,%edi\njz 2f\nmov $22,%r9d\nlea 33(%rdi),%r10\n2: test $4,%edi\njz 3f\nadd $44,%r8\n"
    "3: mov %rbx,%rax\ncall *%rax\npop %rbx\nret\n.size branch,.-branch\n"

    // What a turn writes goes on to the next one, with a call between.
    ".p2align 4\n.type turns,@function\nturns:\n"
    "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\nmov %rsi,%rbx\nmov %edi,%ebp\nmov %edx,%r12d\nxor %r13d,%r13d\n"
    "1: test $1,%ebp\njz 2f\nlea 5(%r12),%r8\n2: test $2,%ebp\njz 3f\nlea 7(%r12,%r12),%r10\naddsd numbers(%rip),%xmm3\n"
    "3: mov %r8,%r14\ntest $4,%ebp\njz 4f\nmov %ebp,%edi\nmov %rbx,%rsi\nmov %r12d,%edx\nmov %rbx,%rax\ncall *%rax\n"
    "lea (%rax,%r13,2),%r13\nmov %r14,%r8\nmov $3,%r9d\nmov $9,%r10d\nmovsd numbers+8(%rip),%xmm3\n"
    "4: add $3,%ebp\ndec %r12d\njnz 1b\nmov %ebp,%edi\nmov %rbx,%rax\ncall *%rax\nadd %r13,%rax\n"
    "pop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n.size turns,.-turns\n"

    // Comes back with RCX, R11 and XMM2 on some ways, besides RAX.
    ".p2align 4\n.type answers,@function\nanswers:\n"
    "mov %edi,%eax\ntest $1,%edi\njz 1f\nlea 100(%rdi),%rcx\nmovsd numbers(%rip),%xmm2\n"
    "1: test $2,%edi\njz 2f\nlea 1000(%rdi),%r11\n2: test $4,%edi\njz 3f\ncall nothing\nlea 3(%rcx),%rcx\n3: ret\n"
    ".size answers,.-answers\n"
    ".p2align 4\n.type nothing,@function\nnothing:\nret\n.size nothing,.-nothing\n"
    ".section .rodata\n.p2align 4\nnumbers: .double 1.5, 2.25\n.text\n");
uint64_t branch(long, void *, long), turns(long, void *, long);

// Looks at all of them.
asm(".text\n.p2align 4\n.type look,@function\nlook:\n"
    "movq %xmm3,%rax\nror $7,%rax\nadd %r8,%rax\nror $9,%rax\nxor %r9,%rax\nror $11,%rax\nadd %r10,%rax\n"
    "mov $-1,%r8\nmov $-2,%r9\nmov $-3,%r10\nxorpd %xmm3,%xmm3\nret\n.size look,.-look\n");
void look(void);

static uint64_t with(uint64_t (*f)(long, void *, long), long way, long count) {
  uint64_t result;
  register long r8 asm("r8") = 1001, r9 asm("r9") = 1002, r10 asm("r10") = 1003;
  register double x asm("xmm3") = 0.75;
  asm volatile("call *%[f]" : "=a"(result), "+D"(way), "+d"(count), "+r"(r8), "+r"(r9), "+r"(r10), "+x"(x)
               : [f] "b"(f), "S"(look) : "rcx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2");
  return result;
}

int main(void) {
  uint64_t (*volatile f)(long, void *, long) = branch;
  for (long way = 0; way < 8; way++) printf("branch %ld %016llx\n", way, (unsigned long long)with(f, way, 0));
  f = turns;
  for (long way = 0; way < 8; way++)
    for (long count = 1; count < 7; count++)
      printf("turns %ld %ld %016llx\n", way, count, (unsigned long long)with(f, way, count));
  for (long way = 0; way < 8; way++) {
    uint64_t direct;
    register uint64_t rcx asm("rcx") = 5, r11 asm("r11") = 6;
    long rdi = way;
    asm volatile("movsd numbers+8(%%rip),%%xmm2\ncall answers\nmovq %%xmm2,%%rdx\nadd %%rdx,%%rax"
                 : "=a"(direct), "+D"(rdi), "+r"(rcx), "+r"(r11) : : "rdx", "rsi", "r8", "r9", "r10", "xmm2", "memory", "cc");
    printf("answers %ld %016llx\n", way, (unsigned long long)(direct ^ rcx << 8 ^ r11 << 24));
  }
}
