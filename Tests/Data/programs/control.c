// Control flow: big switches, computed goto, function pointers, recursion, non-local jumps,
// variable-length frames, variable arguments, callbacks.
#include <alloca.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static jmp_buf here;
static volatile int depth;

NOINLINE static int dig(int n, int *p) {
  int local[4] = {n, n + 1, n + 2, n + 3};
  depth = n;
  if (n == 0) longjmp(here, *p);
  int r = dig(n - 1, &local[1]) + local[n & 3];
  return r + local[(n + 1) & 3];
}

NOINLINE static long jumps(void) {
  volatile long sum = 0;
  register long kept1 = 11, kept2 = 22, kept3 = 33;
  for (int i = 0; i < 50; i++) {
    int r = setjmp(here);
    if (r == 0) {
      sum += dig(i + 1, &(int){7});
    } else {
      sum += r * 3 + depth;
    }
  }
  return sum + kept1 * kept2 * kept3;
}

NOINLINE static int dense(int x, int y) {
  switch (x) {
  case 0: return y + 1;
  case 1: return y * 3;
  case 2: return y - 7;
  case 3: return y ^ 0x55;
  case 4: return y << 3;
  case 5: return y >> 1;
  case 6: return ~y;
  case 7: return y * y;
  case 8: y += 3; /* fallthrough */
  case 9: return y + 100;
  case 10: return -y;
  case 11: return y % 17;
  case 12: return y / 3;
  case 13: return dense(y & 7, y + 1);
  case 20: return 20;
  case 21: return 21 + y;
  case 30: return 30 ^ y;
  default: return y;
  }
}

NOINLINE static const char *sparse(unsigned long x) {
  switch (x) {
  case 1: return "one";
  case 1000: return "thousand";
  case 1000000: return "million";
  case 0xffffffffffffffff: return "all";
  case 'a' ... 'z': return "letter";
  default: return "none";
  }
}

NOINLINE static unsigned long threaded(const unsigned char *code) {
  static const void *const labels[] = {&&halt, &&push, &&add, &&mul, &&dup, &&loop};
  unsigned long stack[16], *sp = stack;
  int count = 20;
#define NEXT goto *labels[*code++]
  NEXT;
push: *sp++ = *code++; NEXT;
add: sp--; sp[-1] += sp[0]; NEXT;
mul: sp--; sp[-1] *= sp[0]; NEXT;
dup: *sp = sp[-1]; sp++; NEXT;
loop: if (--count) code -= *code; else code++;
  NEXT;
halt: return sp[-1];
}

typedef long (*binary)(long, long);
NOINLINE static long f_add(long a, long b) { return a + b; }
NOINLINE static long f_sub(long a, long b) { return a - b; }
NOINLINE static long f_mul(long a, long b) { return a * b; }
NOINLINE static long f_rec(long a, long b) { return a <= 0 ? b : f_rec(a - 1, b + a); }
static binary volatile table[] = {f_add, f_sub, f_mul, f_rec};

NOINLINE static long frames(int n) {
  char vla[n + 1];
  memset(vla, 'a' + n % 26, n);
  vla[n] = 0;
  char *more = alloca(n * 2 + 1);
  memcpy(more, vla, n);
  memcpy(more + n, vla, n + 1);
  long sum = strlen(more);
  for (int i = 0; i < n; i++) sum = sum * 31 + vla[i];
  return n > 3 ? sum + frames(n - 3) : sum;
}

NOINLINE static double total(int n, ...) {
  va_list list;
  va_start(list, n);
  double sum = 0;
  for (int i = 0; i < n; i++) sum += i & 1 ? va_arg(list, int) : va_arg(list, double);
  va_end(list);
  return sum;
}

NOINLINE static void say(const char *format, ...) {
  char text[512];
  va_list list, again;
  va_start(list, format);
  va_copy(again, list);
  int n = vsnprintf(text, sizeof text, format, list);
  vprintf(format, again);
  printf(" [%d %zu]\n", n, strlen(text));
  va_end(list);
  va_end(again);
}

static int calls;
static int compare(const void *a, const void *b) {
  calls++;
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

NOINLINE static unsigned long deep(unsigned long n) {
  volatile unsigned long local = n;
  if (n == 0) return 1;
  return deep(n - 1) + local;
}
NOINLINE static int odd(unsigned n);
NOINLINE static int even(unsigned n) { return n == 0 ? 1 : odd(n - 1); }
NOINLINE static int odd(unsigned n) { return n == 0 ? 0 : even(n - 1); }

struct big { long a[9]; double d; };
NOINLINE static struct big make(long n) {
  struct big b;
  for (int i = 0; i < 9; i++) b.a[i] = n * i;
  b.d = n / 3.0;
  return b;
}
struct pair { long a, b; };
struct mixed { double d; long n; };
NOINLINE static struct pair two(long n) { return (struct pair){n, n * n}; }
NOINLINE static struct mixed both(long n) { return (struct mixed){n * 0.5, n + 1}; }

int main(void) {
  printf("jumps %ld\n", jumps());
  long sum = 0;
  for (int x = -3; x < 35; x++)
    for (int y = -20; y < 20; y++) sum = sum * 7 + dense(x, y);
  printf("dense %ld\n", sum);
  printf("%s %s %s %s %s %s\n", sparse(1), sparse(1000), sparse(1000000), sparse(-1UL), sparse('q'),
         sparse(2));
  static const unsigned char program[] = {1, 3, 4, 3, 1, 7, 2, 5, 6, 0};
  printf("threaded %lu\n", threaded(program));
  sum = 1;
  for (int i = 0; i < 40; i++) sum = table[i & 3](i, sum);
  printf("pointers %ld\n", sum);
  printf("frames %ld\n", frames(200));
  printf("total %.17g\n", total(6, 1.5, 2, 1e10, -7, 3.25, 100));
  printf("many %.17g\n", total(22, 1.0, 2, 3.0, 4, 5.0, 6, 7.0, 8, 9.0, 10, 11.0, 12, 13.0, 14,
                              15.0, 16, 17.0, 18, 19.0, 20, 21.0, 22));
  say("%d %s %f %e %g %a", 42, "text", 3.14159, 1e-300, 1e21, 0.1);
  say("%Lf %Lg %.20Lf", 1.5L, 1e4000L, 0.1L);
  say("%5.2f|%-10s|%+d|%#x|%08.3f|%c|%%|%p", 2.345, "left", 5, 255, -3.14159, 'z', (void *)16);
  say("%lld %llu %hhd %zu %jd", -1LL, ~0ULL, (char)200, (size_t)7, (intmax_t)-9);
  static int numbers[1000];
  unsigned seed = 1;
  for (int i = 0; i < 1000; i++) numbers[i] = (seed = seed * 1103515245 + 12345) >> 8;
  qsort(numbers, 1000, sizeof *numbers, compare);
  unsigned hash = 0;
  for (int i = 0; i < 1000; i++) hash = hash * 31 + numbers[i];
  int key = numbers[500];
  int *found = bsearch(&key, numbers, 1000, sizeof key, compare);
  printf("qsort %u %d %d\n", hash, calls > 1000, found && *found == key);
  printf("deep %lu\n", deep(100000));
  printf("even %d\n", even(100001));
  struct big b = make(5);
  struct pair p = two(12);
  struct mixed m = both(3);
  printf("structs %ld %.10f %ld %ld %.3f %ld\n", b.a[8], b.d, p.a, p.b, m.d, m.n);
  printf("strtod %.17g %.17g %.17g\n", strtod("1e308", 0), strtod("0x1.8p3", 0),
         strtod("123456789.123456789", 0));
  return 17;
}
