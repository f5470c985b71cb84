// double and long double by x87 alone (-mfpmath=387 -mlong-double-80): arithmetic, comparisons, conversions,
// rounding modes, printf and strtold, and libm's functions of long double. Those of them that take a
// transcendental instruction are printed to 16 digits: hosts differ in the last bit.
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP(x) __asm__ volatile("" : "+m"(x))

static long double samples[24];

static void show(const char *name, long double x)
{
    unsigned char bytes[10];
    memcpy(bytes, &x, sizeof bytes);
    printf("%-10s ", name);
    for (int i = 9; i >= 0; i--)
        printf("%02x", bytes[i]);
    printf(" %.21Lg %La\n", x, x);
}

static void fill(void)
{
    static const long double first[] = {
        0, -0.0L, 1, -1, 0.5L, 1.5L, 2.5L, -3.5L, 1e19L, -9.2e18L, 0x1p63L, 0x1p-16382L, 0x1p-16445L,
        LDBL_MAX, LDBL_MIN, LDBL_EPSILON, INFINITY, -INFINITY, NAN, 4294967296.75L};
    memcpy(samples, first, sizeof first);
    uint64_t seed = 7;
    for (int i = 20; i < 24; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        samples[i] = (long double)(int64_t)seed / 3;
    }
}

static void arithmetic(void)
{
    long double sum = 0, kept = 0;
    double narrow = 0, product = 1;
    for (int i = 1; i <= 20000; i++) {
        long double term = 1.0L / i - kept, next = sum + term;
        kept = next - sum - term;
        sum = next;
        narrow += 1.0 / ((double)i * i);
        product *= 1 + 1.0 / (i * (i + 2.0));
        KEEP(narrow);
        KEEP(product);
    }
    show("harmonic", sum);
    show("lost", kept);
    printf("%.17g %.17g\n", narrow, product);
    for (int i = 0; i < 24; i++)
        for (int j = 0; j < 24; j += 5) {
            long double x = samples[i], y = samples[j];
            printf("%d %d: %.20Lg %.20Lg %.20Lg %.20Lg\n", i, j, x + y, x - y, x * y, x / y);
        }
    double matrix[12][13];
    for (int i = 0; i < 12; i++)
        for (int j = 0; j < 13; j++)
            matrix[i][j] = j == 12 ? i : 1.0 / (i + j + 1) + (i == j);
    for (int k = 0; k < 12; k++)
        for (int i = 0; i < 12; i++)
            for (int j = 12; i != k && j >= k; j--)
                matrix[i][j] -= matrix[i][k] / matrix[k][k] * matrix[k][j];
    for (int i = 0; i < 12; i++)
        printf("%.17g%c", matrix[i][12] / matrix[i][i], i == 11 ? '\n' : ' ');
}

static void comparisons(void)
{
    for (int i = 0; i < 24; i++) {
        for (int j = 0; j < 24; j++) {
            long double x = samples[i], y = samples[j];
            double p = (double)x, q = (double)y;
            int answer = (x < y) | (x <= y) << 1 | (x == y) << 2 | (x != y) << 3 | (p > q) << 4 |
                (p >= q) << 5 | isunordered(x, y) << 6 | islessgreater(p, q) << 7;
            printf("%02x", answer);
        }
        printf(" %d %d %d\n", fpclassify(samples[i]), fpclassify((double)samples[i]), !!signbit(samples[i]));
    }
}

static void conversions(void)
{
    for (int i = 0; i < 24; i++) {
        long double x = samples[i];
        float f = (float)x;
        double d = (double)x;
        printf("%.9g %.17g", f, d);
        if (fabsl(x) < 0x1p63L)
            printf(" %ld", (long)x);
        if (fabsl(x) < 0x1p31L)
            printf(" %d %d %d", (int)x, (short)(int)x, (int)d);
        if (x >= 0 && x < 0x1p64L)
            printf(" %lu", (unsigned long)x);
        printf("\n");
    }
    static const int64_t whole[] = {0, -1, INT64_MAX, INT64_MIN, 1234567890123456789, 1L << 53 | 1};
    for (int i = 0; i < 6; i++) {
        int64_t n = whole[i];
        KEEP(n);
        printf("%.20Lg %.20Lg %.17g %.9g %.20Lg\n", (long double)n, (long double)(uint64_t)n, (double)n,
               (float)(uint64_t)n, (long double)(int)n + (short)n);
    }
    static const char *texts[] = {"1e-4940", "3.14159265358979323846264338", "0x1.8p-16445", "1e4932", "1e5000",
                                  "-inf", "nan", "123456789012345678901234567890", "0.1"};
    for (int i = 0; i < 9; i++)
        show(texts[i], strtold(texts[i], NULL));
    printf("%Lf %.3Le %20.10Lg %LA %.0Lf %Lf\n", samples[23], samples[22], samples[21], samples[20], 2.5L, 1e30L);
}

static void modes(void)
{
    static const int all[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    for (int m = 0; m < 4; m++) {
        fesetround(all[m]);
        feclearexcept(FE_ALL_EXCEPT);
        volatile long double third = 1, root = 2;
        volatile double tenth = 1;
        third = third / 3, root = sqrtl(root), tenth = tenth / 10;
        int flags = fetestexcept(FE_ALL_EXCEPT);
        long nearest[6];
        for (int i = 0; i < 6; i++)
            nearest[i] = lrintl(samples[i + 2]);
        fesetround(FE_TONEAREST);
        show("third", third);
        show("root", root);
        printf("%a %x %ld %ld %ld %ld %ld %ld\n", tenth, flags, nearest[0], nearest[1], nearest[2], nearest[3],
               nearest[4], nearest[5]);
    }
    static const struct { long double x, y; } pairs[] = {{1, 0}, {0, 0}, {LDBL_MAX, LDBL_MAX}, {LDBL_MIN, LDBL_MAX}};
    for (int i = 0; i < 4; i++) {
        volatile long double x = pairs[i].x, y = pairs[i].y, result;
        feclearexcept(FE_ALL_EXCEPT);
        result = i == 2 ? x * y : x / y;
        int flags = fetestexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT);
        printf("%Lg %x\n", result, flags);
    }
}

static void functions(void)
{
    for (int i = 0; i < 24; i++) {
        long double x = samples[i], y = samples[(i * 7 + 3) % 24], whole;
        int exponent = 0, quotient = 0;
        printf("%.20Lg %.20Lg %.20Lg %.20Lg %.20Lg %.20Lg\n", sqrtl(fabsl(x)), floorl(x), ceill(x), truncl(x),
               roundl(x), rintl(x));
        printf("%.20Lg %.20Lg %.20Lg %.20Lg", fmodl(x, y), remainderl(x, y), nextafterl(x, y), copysignl(x, y));
        printf(" %.20Lg %.20Lg", frexpl(x, &exponent), modfl(x, &whole));
        printf(" %.20Lg %d %.20Lg", ldexpl(x, -5), isfinite(x) ? exponent : 0, whole);
        long double rest = remquol(x, 7, &quotient);
        printf(" %.20Lg %d %.20Lg %.20Lg\n", rest, isfinite(x) ? quotient : 0, logbl(x), fmal(x, 3, y));
        printf("%.20Lg %.20Lg %.20Lg %.20Lg\n", fmaxl(x, y), fdiml(x, y), scalbnl(x, 70), hypotl(x, 3));
    }
    for (int i = 1; i <= 12; i++) {
        long double x = i * 0.37L;
        printf("%.16Lg %.16Lg %.16Lg %.16Lg %.16Lg\n", sinl(x), cosl(x), tanl(x), atanl(x), atan2l(x, 2));
        printf("%.16Lg %.16Lg %.16Lg %.16Lg %.16Lg\n", expl(x), logl(x), powl(x, 1.7L), log2l(x), exp2l(x));
        printf("%.15Lg %.15Lg %.15Lg %.15Lg %.15Lg\n", sinhl(x), tanhl(x), cbrtl(x), tgammal(x), erfl(x));
        printf("%.15Lg %.15Lg %.15Lg %.15Lg\n", expm1l(x / 9), log1pl(x), acoshl(x + 1), asinl(x / 5));
    }
}

int main(void)
{
    fill();
    arithmetic();
    comparisons();
    conversions();
    modes();
    functions();
    return 0;
}
