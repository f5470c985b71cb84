// What LAR, LSL, VERR and VERW tell of every selector that Linux's descriptor table could have.

#include <stdio.h>

#define LOOK(type, name)                                                                                   \
  for (unsigned s = 0; s < 0x100; s++) {                                                                   \
    unsigned long rights = 0xdeadbeefdeadbeef, limit = 0xdeadbeefdeadbeef;                                 \
    unsigned char have_rights, have_limit;                                                                 \
    __asm__("lar %" #type "2, %" #type "0; setz %1" : "+r"(rights), "=q"(have_rights) : "r"((unsigned long)s)); \
    __asm__("lsl %" #type "2, %" #type "0; setz %1" : "+r"(limit), "=q"(have_limit) : "r"((unsigned long)s));   \
    /* The limit of the segment with the processor's number depends on the processor. */                  \
    if (s >> 3 == 15) limit &= 0xffff000000000000;                                                         \
    if (have_rights | have_limit || s % 37 == 0)                                                           \
      printf(name " %02x: %d %016lx %d %016lx\n", s, have_rights, rights, have_limit, limit);              \
  }

int main(void) {
  LOOK(w, "16") LOOK(k, "32") LOOK(q, "64")
  for (unsigned s = 0; s < 0x100; s++) {
    unsigned short memory = s;
    unsigned char reads, writes;
    __asm__("verr %1; setz %0" : "=q"(reads) : "m"(memory));
    __asm__("verw %w1; setz %0" : "=q"(writes) : "r"(s));
    if (reads | writes) printf("%02x: %d %d\n", s, reads, writes);
  }
  return 0;
}
