/* Code that is generated, rewritten in every way, and at last the program's own. */
#include <stdio.h>
#include <string.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <fcntl.h>
typedef int (*fn)(int);
static unsigned char code[] = { 0x8d, 0x47, 0x01, 0xc3 }; /* lea eax,[rdi+1]; ret */
__attribute__((noinline, aligned(64))) int own(int x) { __asm__ volatile("" ::: "memory"); return x + 100; }
int main(int argc, char **argv) {
  unsigned char *p = mmap(0, 8192, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
  long sum = 0;
  for (int k = 0; k < 2000; k++) { memcpy(p, code, 4); p[2] = k & 127; *(volatile int *)(p + 64) = k; sum += ((fn)p)(k); sum += ((fn)p)(k); }
  printf("rewritten %ld\n", sum);
  /* a loop in generated code that counts in its own page */
  unsigned char loop[] = { 0x31,0xc0, 0x48,0x8d,0x15, 0x37,0,0,0, /* lea rdx,[rip+0x37] */
    0x01,0xf8, 0x89,0x02, 0xff,0xcf, 0x75,0xf8, 0xc3 };
  memcpy(p, loop, sizeof loop); printf("loop %d\n", ((fn)p)(20000));
  /* read() into code */
  char name[] = "codeXXXXXX"; int fd = mkstemp(name); unlink(name); code[2] = 77; write(fd, code, 4);
  ((fn)memcpy(p, (unsigned char[]){0x8d,0x47,0x05,0xc3}, 4))(1); pread(fd, p, 4, 0); printf("read %d\n", ((fn)p)(1));
  /* other mapping of the same memory */
  ftruncate(fd, 4096);
  unsigned char *w = mmap(0, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0), *x = mmap(0, 4096, PROT_READ|PROT_EXEC, MAP_SHARED, fd, 0);
  int a = ((fn)x)(1); w[2] = 9; printf("alias %d %d\n", a, ((fn)x)(1));
  /* remapped, protected */
  munmap(x, 4096); x = mmap(x, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0); memcpy(x, code, 4); mprotect(x, 4096, PROT_READ|PROT_EXEC); printf("remapped %d\n", ((fn)x)(1));
  /* its own text */
  printf("own %d\n", own(1));
  unsigned char *o = (unsigned char *)own; uintptr_t page = (uintptr_t)o & ~4095ul;
  if (mprotect((void *)page, 8192, PROT_READ|PROT_WRITE|PROT_EXEC)) perror("mprotect");
  for (int n = 0; n < 32; n++) if (o[n] == 100) { o[n] = 50; break; }
  printf("own %d\n", own(1));
  fn volatile f = own; printf("own %d\n", f(1));
  sum = 0; for (int n = 0; n < 1000; n++) sum += f(n); printf("sum %ld\n", sum);
  return 0;
}
