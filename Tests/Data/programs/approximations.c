// RCPPS, RCPSS, RSQRTPS and RSQRTSS, whose results no two makes of processor agree on: that they keep the
// manual's relative error of 1.5 * 2^-12, and are what all processors answer for zeros, subnormal numbers,
// infinities, NaNs and negative numbers (SDM vol. 2).

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef float vector __attribute__((vector_size(16)));

#define SCALAR(name)                                                                              \
  static float name(float x) {                                                                    \
    vector r = {1, 2, 3, 4}, v = {x, 5, 6, 7};                                                    \
    __asm__(#name " %1, %0" : "+x"(r) : "x"(v));                                                  \
    return r[1] == 2 && r[2] == 3 && r[3] == 4 ? r[0] : 12345;                                    \
  }
#define PACKED(name)                                                                              \
  static vector name(vector v) {                                                                  \
    vector r;                                                                                     \
    __asm__(#name " %1, %0" : "=x"(r) : "xm"(v));                                                 \
    return r;                                                                                     \
  }
SCALAR(rcpss)
SCALAR(rsqrtss)
PACKED(rcpps)
PACKED(rsqrtps)

static float number(uint32_t bits) {
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static uint32_t pattern(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}

static const double bound = 1.5 / 4096;

// Between the first two a result may be tiny, and then is zero; above them it is.
static int is_reciprocal(uint32_t x, float r) {
  uint32_t magnitude = x & 0x7fffffff;
  if (magnitude >= 0x7e800c01) return pattern(r) == (x & 0x80000000);
  if (magnitude >= 0x7e7fe800 && pattern(r) == (x & 0x80000000)) return 1;
  return fabs((double)r * number(x) - 1) <= bound;
}

static int is_root(uint32_t x, float r) {
  return r > 0 && fabs((double)r * sqrt((double)number(x)) - 1) <= bound;
}

static unsigned long wrong, looked_at;

static void look(uint32_t x) {
  float f = number(x);
  uint32_t positive = x & 0x7fffffff;
  vector v = {f, number(positive), 1, f};
  vector r = rcpps(v), s = rsqrtps(v);
  looked_at++;
  int good = is_reciprocal(x, rcpss(f)) && is_root(positive, rsqrtss(number(positive))) &&
             pattern(r[0]) == pattern(rcpss(f)) && pattern(r[3]) == pattern(r[0]) &&
             pattern(s[1]) == pattern(rsqrtss(number(positive)));
  if (!good && wrong++ < 5) printf("wrong for %08x\n", x);
}

int main(void) {
  for (uint32_t mantissa = 0; mantissa < 1u << 23; mantissa += 5) {
    look(0x3f800000 | mantissa);
    look(0x40000000 | mantissa);
  }
  for (uint32_t exponent = 1; exponent < 255; exponent++)
    for (uint32_t mantissa = exponent; mantissa < 1u << 23; mantissa += 0x8001)
      look(exponent << 23 | mantissa | (mantissa & 1) << 31);
  printf("%lu numbers, %lu wrong\n", looked_at, wrong);

  static const uint32_t special[] = {
      0,          0x80000000, 1,          0x80000001, 0x007fffff, 0x807fffff, 0x7f800000, 0xff800000,
      0x7fc00000, 0x7f800001, 0xffc12345, 0xff812345, 0x7f7fffff, 0xff7fffff, 0xbf800000, 0x80800000};
  for (unsigned n = 0; n < sizeof special / 4; n++) {
    float f = number(special[n]);
    uint32_t r = pattern(rcpss(f)), s = pattern(rsqrtss(f));
    // Of ordinary numbers only those that have no root are the same everywhere.
    if ((special[n] & 0x7f800000) != 0 && (special[n] & 0x7f800000) != 0x7f800000) {
      if (special[n] >> 31 == 0) continue;
      r = 0;
    }
    printf("%08x: %08x %08x\n", special[n], r, s);
  }
  return 0;
}
