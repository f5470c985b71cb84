// Frames of several shapes, by functions that are reached through pointers: realigned ones, ones of variable size, and
// both, as a test of what is known of saved registers. Nothing of it is left to the interpreter.

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t function(const uint64_t *words, int count, ...);

__attribute__((noinline)) static uint64_t mix(uint64_t *to, const uint64_t *from, int count) {
  uint64_t sum = 0;
  for (int n = 0; n < count; n++) sum += to[n] = from[n] * 0x9e3779b97f4a7c15 ^ sum >> 7;
  return sum;
}

__attribute__((noinline)) static uint64_t aligned(const uint64_t *words, int count, ...) {
  _Alignas(64) uint64_t own[16];
  uint64_t sum = mix(own, words, count);
  return sum + ((uintptr_t)own & 63) + mix(own + 8, own, 8);
}

__attribute__((noinline)) static uint64_t variable(const uint64_t *words, int count, ...) {
  uint64_t own[count], sum = mix(own, words, count);
  return sum + mix(own, own, count);
}

__attribute__((noinline)) static uint64_t both(const uint64_t *words, int count, ...) {
  __builtin_va_list list;
  __builtin_va_start(list, count);
  _Alignas(128) uint64_t fixed[16];
  uint64_t own[count], sum = mix(own, words, count) + __builtin_va_arg(list, int);
  memset(fixed, count, sizeof fixed);
  __builtin_va_end(list);
  return sum + ((uintptr_t)fixed & 127) + mix(fixed, own, count < 16 ? count : 16);
}

// RSP is kept in a slot of the realigned frame, and saved registers are read back through it.
uint64_t by_hand(const uint64_t *words, int count, ...);
__asm__(".text\n.type by_hand, @function\nby_hand:\n"
        "mov %rsp, %rax\npush %rbx\npush %rbp\npush %r12\n"
        "mov %rdi, %rbx\nmov %esi, %ebp\nsub $128, %rsp\nand $-64, %rsp\n"
        "mov $0x3c0, %ecx\nand %rdi, %rcx\nsub %rcx, %rsp\n"
        "mov %rax, 24(%rsp)\nmov %rsp, %r12\n"
        "lea 32(%rsp), %rdi\nmov %rbx, %rsi\nmov $8, %edx\ncall mix_for_asm\nadd %rbp, %rax\n"
        "mov 24(%rsp), %rsi\nmov -24(%rsi), %r12\nmov -16(%rsi), %rbp\nmov -8(%rsi), %rbx\n"
        "lea (%rsi), %rsp\nret\n.size by_hand, . - by_hand\n");
__attribute__((used)) uint64_t mix_for_asm(uint64_t *to, const uint64_t *from, int count) {
  return mix(to, from, count);
}

static function *volatile functions[] = {aligned, variable, both, by_hand};

int main(void) {
  uint64_t words[16];
  for (int n = 0; n < 16; n++) words[n] = n * n + 1;
  for (int n = 0; n < 4; n++) {
    uint64_t sum = 0;
    for (int turn = 0; turn < 10000; turn++) sum = sum * 31 + functions[n](words, 8 + turn % 8 * (n == 1 || n == 2), turn);
    printf("%d %016llx\n", n, (unsigned long long)sum);
  }
  return 0;
}
