// Vectors of 32 bytes as arguments and results of functions that are only known by their pointers, some of which
// look at the halves apart or call on with what they got.
#include <immintrin.h>
#include <stdio.h>

typedef __m256d one(__m256d);
typedef __m256d eight(__m256d, __m256d, __m256d, __m256d, __m256d, __m256d, __m256d, __m256d);

static __attribute__((noinline)) __m256d doubled(__m256d x)
{
    return x + x;
}

static __attribute__((noinline)) __m128d negated(__m128d x)
{
    return -x;
}

static __attribute__((noinline)) __m256d same(__m256d x)
{
    return x;
}

static __attribute__((noinline)) __m256d combined(__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f,
                                                  __m256d g, __m256d h)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

static one *volatile twice = doubled, *volatile back = same;
static __m128d (*volatile half)(__m128d) = negated;
static eight *volatile all = combined;

static __attribute__((noinline)) __m256d by_halves(__m256d x)
{
    __m128d high = _mm256_extractf128_pd(x, 1), low = half(_mm256_castpd256_pd128(x));
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(low), half(high), 1);
}

static __attribute__((noinline)) __m256d sometimes(__m256d x, int how)
{
    if (how == 0)
        return x;
    if (how == 1)
        return twice(x);
    __m256d y = how == 2 ? back(x) : by_halves(x);
    return _mm256_permute4x64_pd(y, 0x1b);
}

static __m256d (*volatile choice)(__m256d, int) = sometimes;
static one *volatile split = by_halves;

static void show(const char *name, __m256d v)
{
    double x[4];
    _mm256_storeu_pd(x, v);
    printf("%s %g %g %g %g\n", name, x[0], x[1], x[2], x[3]);
}

int main(int count, char **words)
{
    (void)words;
    __m256d x = _mm256_setr_pd(count, 20, 300, 4000), sum = x;
    for (int i = 0; i < 3; i++) {
        sum = twice(sum);
        show("twice", sum);
        sum = split(sum) + back(x);
        show("split", sum);
    }
    for (int i = 0; i < 8; i++) {
        sum = choice(sum, i & 3);
        show("choice", sum);
    }
    show("all", all(x, sum, x * 2, sum - x, sum + x, x * x, sum / 2, x / 4));
    return 0;
}
