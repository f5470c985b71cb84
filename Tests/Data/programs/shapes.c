// Shapes that compilers make of unusual C: trampolines, return addresses, arrays of variable
// length, assembly that changes what compilers would not, deep recursion, structures by value,
// 128-bit integers, complex numbers, bit fields, AVX2 and BMI2 without a look at CPUID.
#include <alloca.h>
#include <complex.h>
#include <immintrin.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

#ifndef __clang__
NOINLINE static int apply(int (*f)(int), int n) {
  int r = 0;
  for (int i = 0; i < n; i++) r += f(i);
  return r;
}
NOINLINE static int trampolines(int n) {
  __label__ out;
  int seen = 0;
  int add(int x) {
    seen += x;
    return seen * n;
  }
  int leave(int x) {
    if (x == 5) goto out;
    return x;
  }
  int sum = apply(add, 10);
  sum += apply(leave, 10);
  seen += 1000;
out:
  return sum + seen;
}
#else
static int trampolines(int n) { return n; }
#endif

NOINLINE static void *caller(void) { __asm__ volatile(""); return __builtin_return_address(0); }
NOINLINE static int addresses(void) {
  char *a = caller(), *b = caller();
  return b > a && b - a < 200 && *(unsigned char *)(a - 5) == 0xe8;
}

NOINLINE static long lengths(int n) {
  long area[n];
  char *more = alloca((size_t)n * 3);
  memset(more, n, (size_t)n * 3);
  for (int i = 0; i < n; i++) area[i] = more[i] * i;
  long sum = n > 1 ? lengths(n / 2) : 0;
  for (int i = 0; i < n; i++) sum += area[i] + more[3 * i];
  return sum;
}

NOINLINE static double mixed(int n, ...) {
  va_list list, copy;
  va_start(list, n);
  va_copy(copy, list);
  double sum = 0;
  for (int i = 0; i < n; i++)
    switch (i % 4) {
    case 0: sum += va_arg(list, int); break;
    case 1: sum += va_arg(list, double); break;
    case 2: sum += (double)va_arg(list, long double); break;
    case 3: sum += *va_arg(list, char *); break;
    }
  sum += va_arg(copy, int);
  va_end(copy);
  va_end(list);
  return sum;
}

NOINLINE static long deep(long n) {
  volatile char pad[48];
  pad[n % 48] = (char)n;
  return n == 0 ? 0 : deep(n - 1) + pad[n % 48] % 3 + 1;
}

struct big { int64_t a[5]; };
struct pair { double x, y; };
struct mix { float f; int i; double d; };
NOINLINE static struct big grow(struct big b, int k) {
  for (int i = 0; i < 5; i++) b.a[i] = b.a[i] * k + i;
  return b;
}
NOINLINE static struct pair swap(struct pair p) { return (struct pair){p.y, p.x + 1}; }
NOINLINE static struct mix turn(struct mix m) { return (struct mix){(float)m.i, (int)m.d, m.f}; }

NOINLINE static void values(void) {
  struct big b = {{1, 2, 3, 4, 5}};
  for (int i = 0; i < 6; i++) b = grow(b, i + 2);
  struct pair p = swap(swap((struct pair){1.5, 2.5}));
  struct mix m = turn(turn((struct mix){2.5f, 7, 9.75}));
  printf("values %ld %g %g %g %d %g\n", (long)b.a[4], p.x, p.y, (double)m.f, m.i, m.d);
}

NOINLINE static void wide(void) {
  unsigned __int128 x = 1;
  for (unsigned i = 1; i < 34; i++) x *= i;
  __int128 y = -(__int128)x / 1000003;
  printf("wide %llx %llx %llx %lld\n", (unsigned long long)(x >> 64), (unsigned long long)x,
         (unsigned long long)(y >> 64), (long long)(y % 1000));
  double complex z = 1;
  for (int i = 0; i < 20; i++) z = z * (0.9 + 0.4 * I) + 1 / (z + 2);
  printf("complex %.12g %.12g %.12g\n", creal(z), cimag(z), cabs(z));
  struct { unsigned a : 3, b : 11; int c : 7; unsigned long d : 43; } f = {5, 1000, -20, 1ul << 40};
  f.b += 1500;
  f.d |= 77;
  printf("fields %u %u %d %lu\n", f.a, f.b, f.c, (unsigned long)f.d);
}

NOINLINE static void assembly(void) {
  uint64_t a = 0x123456789abcdef0, b, c, flags;
  __asm__("bswap %0\n\trol $13, %0\n\tpopcnt %0, %1" : "+r"(a), "=r"(b) : : "cc");
  __asm__("pushfq\n\tpop %0" : "=r"(flags));
  __asm__("call 1f\n1:\n\tpop %0\n\tlea 1b(%%rip), %1\n\tsub %1, %0" : "=&r"(c), "=&r"(b));
  char source[] = "string instructions", target[32] = {0};
  char *s = source, *t = target;
  uint64_t n = sizeof source;
  __asm__ volatile("rep movsb" : "+S"(s), "+D"(t), "+c"(n) : : "memory");
  uint64_t length = ~0ul;
  t = target;
  __asm__ volatile("repne scasb" : "+D"(t), "+c"(length) : "a"(0) : "cc", "memory");
  uint32_t low, high = 0;
  __asm__("mov $0x87654321, %%eax\n\tcltd\n\tidivl %2\n\tmov %%eax, %0\n\tmov %%edx, %1"
          : "=r"(low), "=r"(high) : "r"(12345) : "rax", "rdx", "cc");
  long double l = 2;
  __asm__("fld %0\n\tfsqrt\n\tfldpi\n\tfmulp\n\tfstp %%st(1)" : "+t"(l));
  printf("assembly %llx %llu %llu %s %lld %d %d %.18Lg %d\n", (unsigned long long)a,
         (unsigned long long)b & 0, (unsigned long long)c, target, (long long)~length, (int)low,
         (int)high, l, (int)(flags >> 9 & 1));
}

__attribute__((target("avx2,bmi2,fma"))) NOINLINE static void modern(void) {
  float out[8], in[16];
  for (int i = 0; i < 16; i++) in[i] = (float)i * 1.25f - 3;
  __m256 x = _mm256_loadu_ps(in), y = _mm256_loadu_ps(in + 8);
  x = _mm256_fmadd_ps(x, y, _mm256_permute2f128_ps(y, x, 0x21));
  _mm256_storeu_ps(out, _mm256_hadd_ps(x, y));
  __m256i k = _mm256_setr_epi32(7, 3, 1, 5, 0, 2, 6, 4);
  k = _mm256_shuffle_epi8(_mm256_mullo_epi32(k, _mm256_set1_epi32(0x01234567)),
                          _mm256_set1_epi64x(0x0003020100070605));
  uint64_t w[4];
  _mm256_storeu_si256((__m256i *)w, k);
  printf("modern %g %g %llx %llx %llx %llx\n", (double)out[1], (double)out[6],
         (unsigned long long)w[0], (unsigned long long)w[3],
         (unsigned long long)_pdep_u64(0x1234, 0xf0f0f0f0f0f0),
         (unsigned long long)_pext_u64(w[1], 0x00ff00ff00ff00ff));
}

int main(int count, char **words) {
  (void)words;
  printf("trampolines %d\n", trampolines(count + 2));
  printf("addresses %d\n", addresses());
  printf("lengths %ld\n", lengths(100));
  printf("mixed %g\n", mixed(12, 1, 2.5, 3.5L, "a", 5, 6.5, 7.5L, "b", 9, 10.5, 11.5L, "c"));
  printf("deep %ld\n", deep(50000));
  values();
  wide();
  assembly();
  modern();
  return 0;
}
