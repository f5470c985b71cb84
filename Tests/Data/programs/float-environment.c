// Rounding modes and exception flags: every function of libm in every mode, and plain arithmetic in
// them, as hashes of results and of flags. `flags` as an argument prints those of the C standard, too,
// `all-flags` also x86's denormal operand where the C library has a name for it; `each` every case.

#define _GNU_SOURCE
#include <complex.h>
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#pragma STDC FENV_ACCESS ON

static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
static const char *mode_names[] = {"nearest", "down", "up", "zero"};

static const double inputs[] = {
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, 0.1, -0.1, 1e-310, -1e-310, 4.9e-324,
    2.2250738585072014e-308, 1e300, -1e300, 1.7976931348623157e308, 0.7853981633974483, 1.5707963267948966,
    3.141592653589793, 10.0, 100.25, -100.75, 709.0, 710.0, -745.0, -746.0, 1e-20, 1e20, 123456789.123,
    4503599627370495.5, 9007199254740993.0, INFINITY, -INFINITY, NAN};
enum { count = sizeof inputs / sizeof *inputs };

static uint64_t hash(uint64_t h, const void *bytes, size_t size) {
  const unsigned char *p = bytes;
  for (size_t n = 0; n < size; n++) h = (h ^ p[n]) * 0x100000001b3;
  return h;
}

static int prints_flags, prints_each;
static int told = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT;
static uint64_t results, raised;

static void begin(void) { results = raised = 0xcbf29ce484222325; }

static void note(const char *name, double x, const void *value, size_t size, int flags) {
  results = hash(results, value, size);
  raised = hash(raised, &flags, sizeof flags);
  if (!prints_each) return;
  uint64_t words[2] = {0, 0};
  memcpy(words, value, size);
  printf("%s %a: %016llx %016llx flags %x\n", name, x, (unsigned long long)words[0],
         (unsigned long long)words[1], prints_flags ? flags : 0);
}

static void end(const char *name, int mode) {
  printf("%-12s %-8s %016llx", name, mode_names[mode], (unsigned long long)results);
  if (prints_flags) printf(" %016llx", (unsigned long long)raised);
  printf("\n");
}

#define ONE(name, type, f)                                   \
  for (int m = 0; m < 4; m++) {                              \
    begin();                                                 \
    for (int n = 0; n < count; n++) {                        \
      volatile type x = (type)inputs[n];                     \
      fesetround(modes[m]);                                  \
      feclearexcept(FE_ALL_EXCEPT);                          \
      volatile type y = f(x);                                \
      int flags = fetestexcept(told);                        \
      fesetround(FE_TONEAREST);                              \
      type z = y;                                            \
      note(name, inputs[n], &z, sizeof z > 8 ? 10 : sizeof z, flags); \
    }                                                        \
    end(name, m);                                            \
  }

#define TWO(name, type, f)                                   \
  for (int m = 0; m < 4; m++) {                              \
    begin();                                                 \
    for (int n = 0; n < count * 3; n++) {                    \
      volatile type x = (type)inputs[n % count], w = (type)inputs[(n * 7 + n / count) % count]; \
      fesetround(modes[m]);                                  \
      feclearexcept(FE_ALL_EXCEPT);                          \
      volatile type y = f(x, w);                             \
      int flags = fetestexcept(told);                        \
      fesetround(FE_TONEAREST);                              \
      type z = y;                                            \
      note(name, x, &z, sizeof z > 8 ? 10 : sizeof z, flags); \
    }                                                        \
    end(name, m);                                            \
  }

// What answers a pair: both of its halves.
#define PAIR(name, type, ...)                                \
  for (int m = 0; m < 4; m++) {                              \
    begin();                                                 \
    for (int n = 0; n < count * 2; n++) {                    \
      volatile type x = (type)inputs[n % count], w = (type)inputs[(n * 7 + n / count) % count]; \
      type one = 0, two = 0;                                 \
      fesetround(modes[m]);                                  \
      feclearexcept(FE_ALL_EXCEPT);                          \
      __VA_ARGS__;                                           \
      int flags = fetestexcept(told);                        \
      fesetround(FE_TONEAREST);                              \
      note(name, x, &one, sizeof one > 8 ? 10 : sizeof one, flags); \
      note(name, w, &two, sizeof two > 8 ? 10 : sizeof two, flags); \
    }                                                        \
    end(name, m);                                            \
  }

#define EACHPAIR(name, D, F, L) PAIR(name, double, D) PAIR(name "f", float, F) PAIR(name "l", long double, L)
#define PARTS(type, z, r, i) complex type v = z; one = r(v); two = i(v)
#define COMPLEX(F)                                           \
  EACHPAIR(#F, PARTS(double, F(x + w * I), creal, cimag),    \
           PARTS(float, F##f(x + w * I), crealf, cimagf),    \
           PARTS(long double, F##l(x + w * I), creall, cimagl))

#define EACH1(F) ONE(#F, double, F) ONE(#F "f", float, F##f) ONE(#F "l", long double, F##l)
#define EACH2(F) TWO(#F, double, F) TWO(#F "f", float, F##f) TWO(#F "l", long double, F##l)

#define PLUS(a, b) ((a) + (b))
#define MINUS(a, b) ((a) - (b))
#define TIMES(a, b) ((a) * (b))
#define OVER(a, b) ((a) / (b))
#define NARROW(a) ((float)(a))
#define WIDE(a) ((double)(long long)((a) > 1e18 || !((a) > -1e18) ? 1 : (a)))

int main(int argc, char **argv) {
  for (int n = 1; n < argc; n++) {
    if (!strcmp(argv[n], "flags") || !strcmp(argv[n], "all-flags")) prints_flags = 1;
    if (!strcmp(argv[n], "all-flags")) told = FE_ALL_EXCEPT;
    if (!strcmp(argv[n], "each")) prints_each = 1;
  }
  TWO("add", double, PLUS) TWO("sub", double, MINUS) TWO("mul", double, TIMES) TWO("div", double, OVER)
  TWO("addf", float, PLUS) TWO("subf", float, MINUS) TWO("mulf", float, TIMES) TWO("divf", float, OVER)
  TWO("addl", long double, PLUS) TWO("mull", long double, TIMES) TWO("divl", long double, OVER)
  ONE("narrow", double, NARROW) ONE("convert", double, WIDE)
  EACH1(sqrt) EACH1(rint) EACH1(nearbyint) EACH1(floor) EACH1(ceil) EACH1(trunc) EACH1(round)
  EACH1(exp) EACH1(exp2) EACH1(expm1) EACH1(log) EACH1(log2) EACH1(log10) EACH1(log1p)
  EACH1(sin) EACH1(cos) EACH1(tan) EACH1(asin) EACH1(acos) EACH1(atan)
  EACH1(sinh) EACH1(cosh) EACH1(tanh) EACH1(asinh) EACH1(acosh) EACH1(atanh)
  EACH1(cbrt) EACH1(erf) EACH1(erfc) EACH1(lgamma) EACH1(tgamma) EACH1(logb)
  EACH2(pow) EACH2(atan2) EACH2(hypot) EACH2(fmod) EACH2(remainder) EACH2(fdim) EACH2(fmax)
  EACH2(fmin) EACH2(nextafter) EACH2(copysign)
  EACHPAIR("lrint", one = lrint(x); two = llrint(w), one = lrintf(x); two = llrintf(w),
           one = lrintl(x); two = llrintl(w))
  EACHPAIR("lround", one = lround(x); two = llround(w), one = lroundf(x); two = llroundf(w),
           one = lroundl(x); two = llroundl(w))
  EACHPAIR("modf", one = modf(x, &two), one = modff(x, &two), one = modfl(x, &two))
  EACHPAIR("frexp", int e = 0; one = frexp(x, &e); two = e, int e = 0; one = frexpf(x, &e); two = e,
           int e = 0; one = frexpl(x, &e); two = e)
  EACHPAIR("ilogb", one = ilogb(x); two = logb(w), one = ilogbf(x); two = logbf(w),
           one = ilogbl(x); two = logbl(w))
  EACHPAIR("scalbn", one = scalbn(x, n - 40); two = ldexp(w, 3 * n - 100),
           one = scalbnf(x, n - 40); two = ldexpf(w, 3 * n - 100),
           one = scalbnl(x, n - 40); two = ldexpl(w, 3 * n - 100))
  EACHPAIR("scalbln", one = scalbln(x, n - 40); two = scalbln(w, -1100),
           one = scalblnf(x, n - 40); two = scalblnf(w, -140), one = scalblnl(x, n - 40); two = scalblnl(w, -16400))
  EACHPAIR("remquo", int q = 0; one = remquo(x, w, &q); two = q & 7, int q = 0; one = remquof(x, w, &q); two = q & 7,
           int q = 0; one = remquol(x, w, &q); two = q & 7)
  EACHPAIR("fma", one = fma(x, w, x); two = fma(x, x, -w), one = fmaf(x, w, x); two = fmaf(x, x, -w),
           one = fmal(x, w, x); two = fmal(x, x, -w))
  EACHPAIR("nexttoward", one = nexttoward(x, w); two = nexttoward(w, x),
           one = nexttowardf(x, w); two = nexttowardf(w, x), one = nexttowardl(x, w); two = nexttowardl(w, x))
  COMPLEX(cexp) COMPLEX(clog) COMPLEX(csqrt) COMPLEX(csin) COMPLEX(ccos) COMPLEX(ctan) COMPLEX(csinh)
  COMPLEX(ccosh) COMPLEX(ctanh) COMPLEX(casin) COMPLEX(cacos) COMPLEX(catan) COMPLEX(casinh) COMPLEX(cacosh)
  COMPLEX(catanh) COMPLEX(cproj) COMPLEX(conj)
#ifdef __GLIBC__
  EACH1(exp10) EACH1(roundeven) EACH1(j0) EACH1(j1) EACH1(y0) EACH1(y1) EACH1(gamma) EACH1(significand)
  EACH2(fmaxmag) EACH2(fminmag) EACH2(drem)
  EACHPAIR("sincos", sincos(x, &one, &two), sincosf(x, &one, &two), sincosl(x, &one, &two))
  EACHPAIR("jn", one = jn(3, x); two = yn(2, w), one = jnf(3, x); two = ynf(2, w), one = jnl(3, x); two = ynl(2, w))
  EACHPAIR("lgamma_r", int s = 0; one = lgamma_r(x, &s); two = s, int s = 0; one = lgammaf_r(x, &s); two = s,
           int s = 0; one = lgammal_r(x, &s); two = s)
  COMPLEX(clog10)
#endif
  return 0;
}
