// Numeric kernels for -O3 -march=x86-64-v3 -ffast-math: vectors of 32 bytes, fused multiply-add, gathers, masks.
// Hashes are of results' bits. What comes of RCPPS, or of the C library's choice by CPUID, is printed rounded.
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

enum { N = 4096, SIDE = 72 };
static double a[N], b[N], c[N];
static float f[N], g[N], h[N];
static int32_t n32[N];
static int64_t n64[N];
static uint16_t n16[N];
static uint8_t n8[N];

static uint64_t bits(const void *from, size_t size)
{
    const unsigned char *p = from;
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ p[i]) * 0x100000001b3;
    return sum;
}

#define SHOW(name, array) printf("%-12s %016lx\n", name, bits(array, sizeof array))

static void fill(void)
{
    uint64_t seed = 12345;
    for (int i = 0; i < N; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        a[i] = (double)(int64_t)(seed >> 12) / 0x1p51 - 1;
        b[i] = 1.5 + (double)(i % 97) / 64 - a[i] / 3;
        f[i] = (float)a[i];
        g[i] = (float)b[i];
        n32[i] = (int32_t)(seed >> 33) % N;
    }
}

struct body { double x, y, z, vx, vy, vz, mass; };

static __attribute__((noinline)) void bodies(void)
{
    struct body s[6];
    for (int i = 0; i < 6; i++)
        s[i] = (struct body){i * 1.7, 3 - i, 0.3 * i * i, 0.1 * i, 0.2 - 0.05 * i, 0.01, i ? 0.01 * i : 39};
    for (int step = 0; step < 5000; step++) {
        for (int i = 0; i < 6; i++)
            for (int j = i + 1; j < 6; j++) {
                double x = s[i].x - s[j].x, y = s[i].y - s[j].y, z = s[i].z - s[j].z;
                double d = x * x + y * y + z * z, m = 0.001 / (d * sqrt(d));
                s[i].vx -= x * s[j].mass * m, s[j].vx += x * s[i].mass * m;
                s[i].vy -= y * s[j].mass * m, s[j].vy += y * s[i].mass * m;
                s[i].vz -= z * s[j].mass * m, s[j].vz += z * s[i].mass * m;
            }
        for (int i = 0; i < 6; i++)
            s[i].x += 0.001 * s[i].vx, s[i].y += 0.001 * s[i].vy, s[i].z += 0.001 * s[i].vz;
    }
    printf("%.17g %.17g %.17g\n", s[0].x, s[3].y, s[5].vz);
    SHOW("bodies", s);
}

static double sine(double x)
{
    double y = x * x;
    return x * (1 + y * (-1 / 6. + y * (1 / 120. + y * (-1 / 5040. + y * (1 / 362880. - y / 39916800.)))));
}

#define TRANSFORM(name, real)                                                                   \
    static __attribute__((noinline)) void name(real *re, real *im, int count)                   \
    {                                                                                           \
        for (int i = 1, j = 0; i < count; i++) {                                                \
            int bit = count >> 1;                                                               \
            for (; j & bit; bit >>= 1)                                                          \
                j ^= bit;                                                                       \
            j ^= bit;                                                                           \
            if (i < j) {                                                                        \
                real t = re[i];                                                                 \
                re[i] = re[j], re[j] = t, t = im[i], im[i] = im[j], im[j] = t;                  \
            }                                                                                   \
        }                                                                                       \
        for (int half = 1; half < count; half *= 2) {                                           \
            real cosine[N / 2], sines[N / 2];                                                   \
            for (int k = 0; k < half; k++) {                                                    \
                double angle = -3.14159265358979323846 * k / half;                              \
                sines[k] = (real)(angle < -1.5707963 ? sine(-3.14159265358979323846 - angle) : sine(angle)); \
                cosine[k] = (real)sine(1.57079632679489661923 + angle);                         \
            }                                                                                   \
            for (int at = 0; at < count; at += 2 * half)                                        \
                for (int k = 0; k < half; k++) {                                                \
                    real x = re[at + half + k] * cosine[k] - im[at + half + k] * sines[k];      \
                    real y = re[at + half + k] * sines[k] + im[at + half + k] * cosine[k];      \
                    re[at + half + k] = re[at + k] - x, im[at + half + k] = im[at + k] - y;     \
                    re[at + k] += x, im[at + k] += y;                                           \
                }                                                                               \
        }                                                                                       \
    }
TRANSFORM(transform, double)
TRANSFORM(transform_single, float)

static double left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];
static float narrow[SIDE][SIDE];

static __attribute__((noinline)) void matrices(void)
{
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            left[i][j] = a[i * SIDE % N + j % 31] + i, right[i][j] = b[(i + j * SIDE) % N] - j;
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < SIDE; j++)
                product[i][j] += left[i][k] * right[k][j];
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < SIDE; j++)
                narrow[i][j] += (float)left[k][i] * (float)right[k][j];
    SHOW("matrix", product);
    SHOW("single", narrow);
    for (int k = 0; k < SIDE; k++) // elimination without pivots
        for (int i = k + 1; i < SIDE; i++) {
            double factor = left[i][k] / (left[k][k] + 100);
            for (int j = k; j < SIDE; j++)
                left[i][j] -= factor * left[k][j];
        }
    SHOW("eliminated", left);
}

static __attribute__((noinline)) void polynomials(void)
{
    for (int i = 0; i < N; i++)
        c[i] = ((((((a[i] * .3 - .7) * a[i] + 1.1) * a[i] - .2) * a[i] + 3) * a[i] - 1.7) * a[i] + .01) * b[i];
    SHOW("horner", c);
    for (int i = 0; i < N; i++)
        h[i] = (((f[i] * .3f - .7f) * f[i] + 1.1f) * f[i] - .2f) * f[i] + 3 * g[i] - f[i] * g[i];
    SHOW("single", h);
    for (int i = 0; i < N; i++)
        c[i] = (a[i] * a[i] - b[i]) / (b[i] * b[i] + 1) + sqrt(b[i]) - fabs(a[i]) * copysign(2, a[i]);
    SHOW("quotients", c);
}

static __attribute__((noinline)) void reductions(void)
{
    double sum = 0, dot = 0, low = 1e9, high = -1e9, square = 0;
    float single = 0, largest = -1e9f;
    long count = 0, whole = 0;
    for (int i = 0; i < N; i++) {
        sum += a[i], dot += a[i] * b[i], square += b[i] * b[i];
        low = a[i] < low ? a[i] : low, high = a[i] > high ? a[i] : high;
    }
    for (int i = 0; i < N; i++)
        single += f[i] * g[i], largest = f[i] > largest ? f[i] : largest;
    for (int i = 0; i < N; i++)
        count += a[i] > .25 && b[i] < 2, whole += n32[i];
    printf("%.17g %.17g %.17g %.17g %.17g\n", sum, dot, low, high, sqrt(square));
    printf("%.9g %.9g %ld %ld\n", single, largest, count, whole);
}

static __attribute__((noinline)) void conversions(void)
{
    for (int i = 0; i < N; i++)
        n64[i] = (int64_t)(a[i] * 1e12);
    SHOW("to int64", n64);
    for (int i = 0; i < N; i++)
        n16[i] = (uint16_t)(b[i] * 9999), n8[i] = (uint8_t)(f[i] * 100 + 120);
    SHOW("to uint16", n16);
    SHOW("to uint8", n8);
    for (int i = 0; i < N; i++)
        c[i] = (double)n64[i] + n16[i] - (double)(uint32_t)n64[i];
    SHOW("from ints", c);
    for (int i = 0; i < N; i++)
        h[i] = (float)c[i] + (float)n8[i] + (float)n32[i];
    SHOW("to single", h);
    for (int i = 0; i < N; i++)
        c[i] = floor(a[i] * 50) + ceil(b[i] * 3) - trunc(a[i] * 7) + rint(b[i] * 9);
    SHOW("rounded", c);
    for (int i = 0; i < N; i++)
        n64[i] = lrint(a[i] * 1e6) ^ (int64_t)(uint64_t)(b[i] * 1e18);
    SHOW("nearest", n64);
}

static __attribute__((noinline)) void gathers(void)
{
    for (int i = 0; i < N; i++)
        c[i] = a[n32[i] & (N - 1)] * b[(n32[i] + i) & (N - 1)];
    SHOW("gathered", c);
    for (int i = 0; i < N; i++)
        h[i] = f[n32[i] & (N - 1)] + g[i];
    SHOW("single", h);
    for (int i = 0; i < N; i += 4) { // compilers avoid the instruction where it is slow
        __m128i index = _mm_and_si128(_mm_loadu_si128((__m128i *)(n32 + i)), _mm_set1_epi32(N - 1));
        __m256d positive = _mm256_cmp_pd(_mm256_loadu_pd(a + i), _mm256_setzero_pd(), _CMP_GT_OQ);
        __m256d taken = _mm256_mask_i32gather_pd(_mm256_loadu_pd(b + i), a, index, positive, 8);
        __m256d far = _mm256_i64gather_pd(b, _mm256_cvtepi32_epi64(index), 8);
        _mm256_storeu_pd(c + i, _mm256_add_pd(taken, far));
    }
    SHOW("by mask", c);
    for (int i = 0; i < N; i += 8) {
        __m256i index = _mm256_and_si256(_mm256_loadu_si256((__m256i *)(n32 + i)), _mm256_set1_epi32(N - 1));
        _mm256_storeu_ps(h + i, _mm256_i32gather_ps(f, index, 4));
        _mm256_storeu_si256((__m256i *)(n64 + i / 2), _mm256_i32gather_epi32(n32, index, 4));
    }
    SHOW("eight", h);
    SHOW("integers", n64);
}

static __attribute__((noinline)) void masks(void)
{
    static int counts[64][64];
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++) {
            double re = 0, im = 0;
            int turns = 0;
            for (int k = 0; k < 100; k++) {
                double next = re * re - im * im + x * .04 - 2;
                im = 2 * re * im + y * .04 - 1.28;
                re = next;
                turns += re * re + im * im <= 4;
                re = re > 9 ? 9 : re < -9 ? -9 : re;
                im = im > 9 ? 9 : im < -9 ? -9 : im;
            }
            counts[y][x] = turns;
        }
    SHOW("mandelbrot", counts);
    for (int i = 1; i < N - 1; i++)
        c[i] = a[i] < 0 ? .25 * (a[i - 1] + 2 * a[i] + a[i + 1]) : b[i] > 2 ? -b[i] : a[i + 1];
    SHOW("stencil", c);
}

static __attribute__((noinline)) void rounded(void)
{
    float quotient = 0;
    double sines = 0, powers = 0;
    for (int i = 0; i < N; i++)
        h[i] = f[i] / g[i] + 1 / sqrtf(g[i]);
    for (int i = 0; i < N; i++)
        quotient += h[i];
    for (int i = 0; i < N; i++)
        sines += sin(a[i]) * cos(b[i]);
    for (int i = 0; i < N; i++)
        powers += exp(a[i]) + log(b[i]) + pow(b[i], .7);
    printf("%.3f %.9f %.9f\n", quotient, sines, powers);
}

int main(void)
{
    static double re[N], im[N];
    static float sre[N], sim[N];
    fill();
    bodies();
    for (int i = 0; i < N; i++)
        re[i] = a[i], im[i] = b[i], sre[i] = f[i], sim[i] = g[i];
    transform(re, im, N);
    SHOW("transform", re);
    transform_single(sre, sim, N);
    SHOW("single", sim);
    matrices();
    polynomials();
    reductions();
    conversions();
    gathers();
    masks();
    rounded();
    return 0;
}
