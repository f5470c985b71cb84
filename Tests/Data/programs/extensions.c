// AES, SHA, GFNI, PCLMULQDQ and their VEX forms of 32 bytes, F16C, FMA, ADX, BMI1, BMI2, MOVBE, CRC32, RDRAND: known
// answers of FIPS 197 and FIPS 180, then hashes over many operands. Without -mavx2, legacy forms alone. With a
// number as its word the program repeats instructions that often, and says nanoseconds for each.
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N = 512 };
static uint64_t words[N * 4];
static uint64_t seed = 99;

static uint64_t next(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed ^ seed >> 31;
}

static uint64_t hash(const void *from, size_t size)
{
    const unsigned char *p = from;
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ p[i]) * 0x100000001b3;
    return sum;
}

static void print(const char *name, const void *bytes, size_t size)
{
    printf("%-16s ", name);
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
    printf("\n");
}

static __m128i half(int i) { return _mm_loadu_si128((const __m128i *)(words + i % N * 2)); }
#ifdef __AVX2__
static __m256i whole(int i) { return _mm256_loadu_si256((const __m256i *)(words + i % N * 4)); }
#endif

#define OVER(name, type, expression)                                                            \
    do {                                                                                        \
        static type results[N];                                                                 \
        for (int i = 0; i < N; i++)                                                             \
            results[i] = (expression);                                                          \
        printf("%-16s %016lx\n", name, hash(results, sizeof results));                          \
    } while (0)

static __m128i schedule(__m128i key, __m128i assist)
{
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
    return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

static void aes(void)
{
    __m128i k[11], b, text;
    unsigned char bytes[16];
    for (int i = 0; i < 16; i++)
        bytes[i] = (unsigned char)i;
    k[0] = _mm_loadu_si128((__m128i *)bytes);
#define ROUND(n, constant) k[n] = schedule(k[n - 1], _mm_aeskeygenassist_si128(k[n - 1], constant))
    ROUND(1, 1), ROUND(2, 2), ROUND(3, 4), ROUND(4, 8), ROUND(5, 16);
    ROUND(6, 32), ROUND(7, 64), ROUND(8, 128), ROUND(9, 27), ROUND(10, 54);
    for (int i = 0; i < 16; i++)
        bytes[i] = (unsigned char)(i * 17);
    text = _mm_loadu_si128((__m128i *)bytes);
    b = _mm_xor_si128(text, k[0]);
    for (int i = 1; i < 10; i++)
        b = _mm_aesenc_si128(b, k[i]);
    b = _mm_aesenclast_si128(b, k[10]);
    print("FIPS 197", &b, 16);
    b = _mm_xor_si128(b, k[10]);
    for (int i = 9; i > 0; i--)
        b = _mm_aesdec_si128(b, _mm_aesimc_si128(k[i]));
    b = _mm_aesdeclast_si128(b, k[0]);
    print("and back", &b, 16);
    OVER("aesenc", __m128i, _mm_aesenc_si128(half(i), half(i + 1)));
    OVER("aesenclast", __m128i, _mm_aesenclast_si128(half(i), half(i + 3)));
    OVER("aesdec", __m128i, _mm_aesdec_si128(half(i), half(i + 5)));
    OVER("aesdeclast", __m128i, _mm_aesdeclast_si128(half(i), half(i + 7)));
    OVER("aesimc", __m128i, _mm_aesimc_si128(half(i)));
    OVER("aeskeygenassist", __m128i, _mm_aeskeygenassist_si128(half(i), 0x4d));
#ifdef __AVX2__
    OVER("vaesenc", __m256i, _mm256_aesenc_epi128(whole(i), whole(i + 1)));
    OVER("vaesenclast", __m256i, _mm256_aesenclast_epi128(whole(i), whole(i + 3)));
    OVER("vaesdec", __m256i, _mm256_aesdec_epi128(whole(i), whole(i + 5)));
    OVER("vaesdeclast", __m256i, _mm256_aesdeclast_epi128(whole(i), whole(i + 7)));
#endif
}

static void sha1(const char *text)
{
    unsigned char block[64] = {0};
    size_t size = strlen(text);
    memcpy(block, text, size);
    block[size] = 0x80;
    block[63] = (unsigned char)(size * 8);
    const __m128i turned = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    __m128i m[20], abcd = _mm_set_epi32(0x67452301, (int)0xefcdab89, (int)0x98badcfe, 0x10325476), start = abcd;
    __m128i e = _mm_set_epi32((int)0xc3d2e1f0, 0, 0, 0), first = e, before;
    for (int i = 0; i < 4; i++)
        m[i] = _mm_shuffle_epi8(_mm_loadu_si128((__m128i *)(block + 16 * i)), turned);
    for (int i = 4; i < 20; i++)
        m[i] = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(m[i - 4], m[i - 3]), m[i - 2]), m[i - 1]);
    e = _mm_add_epi32(e, m[0]);
    for (int i = 0; i < 20; i++) {
        before = abcd;
        switch (i / 5) {
        case 0: abcd = _mm_sha1rnds4_epu32(abcd, e, 0); break;
        case 1: abcd = _mm_sha1rnds4_epu32(abcd, e, 1); break;
        case 2: abcd = _mm_sha1rnds4_epu32(abcd, e, 2); break;
        default: abcd = _mm_sha1rnds4_epu32(abcd, e, 3);
        }
        e = _mm_sha1nexte_epu32(before, i < 19 ? m[i + 1] : first);
    }
    abcd = _mm_shuffle_epi32(_mm_add_epi32(abcd, start), 0x1b);
    uint32_t out[5];
    _mm_storeu_si128((__m128i *)out, abcd);
    out[4] = (uint32_t)_mm_extract_epi32(e, 3);
    printf("SHA-1            %08x%08x%08x%08x%08x\n", out[0], out[1], out[2], out[3], out[4]);
}

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static void sha256(const char *text)
{
    unsigned char block[64] = {0};
    size_t size = strlen(text);
    memcpy(block, text, size);
    block[size] = 0x80;
    block[63] = (unsigned char)(size * 8);
    const __m128i turned = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i m[16];
    __m128i abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c), one = abef;
    __m128i cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19), two = cdgh;
    for (int i = 0; i < 4; i++)
        m[i] = _mm_shuffle_epi8(_mm_loadu_si128((__m128i *)(block + 16 * i)), turned);
    for (int i = 4; i < 16; i++) {
        __m128i t = _mm_add_epi32(_mm_sha256msg1_epu32(m[i - 4], m[i - 3]), _mm_alignr_epi8(m[i - 1], m[i - 2], 4));
        m[i] = _mm_sha256msg2_epu32(t, m[i - 1]);
    }
    for (int i = 0; i < 16; i++) {
        __m128i t = _mm_add_epi32(m[i], _mm_loadu_si128((const __m128i *)(constants + 4 * i)));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, t);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(t, 0x0e));
    }
    uint32_t x[4], y[4];
    _mm_storeu_si128((__m128i *)x, _mm_add_epi32(abef, one));
    _mm_storeu_si128((__m128i *)y, _mm_add_epi32(cdgh, two));
    printf("SHA-256          %08x%08x%08x%08x%08x%08x%08x%08x\n", x[3], x[2], y[3], y[2], x[1], x[0], y[1], y[0]);
}

static void fields(void)
{
    OVER("pclmul low", __m128i, _mm_clmulepi64_si128(half(i), half(i + 1), 0));
    OVER("pclmul mixed", __m128i, _mm_clmulepi64_si128(half(i), half(i + 1), 0x10));
    OVER("pclmul high", __m128i, _mm_clmulepi64_si128(half(i), half(i + 2), 0x11));
#ifdef __AVX2__
    OVER("vpclmul", __m256i, _mm256_clmulepi64_epi128(whole(i), whole(i + 1), 1));
    OVER("vgf2p8mulb", __m256i, _mm256_gf2p8mul_epi8(whole(i), whole(i + 1)));
    OVER("vaffine", __m256i, _mm256_gf2p8affine_epi64_epi8(whole(i), whole(i + 1), 0x9f));
#endif
    OVER("gf2p8mulb", __m128i, _mm_gf2p8mul_epi8(half(i), half(i + 1)));
    OVER("affine", __m128i, _mm_gf2p8affine_epi64_epi8(half(i), half(i + 1), 0x63));
    OVER("affine inverse", __m128i, _mm_gf2p8affineinv_epi64_epi8(half(i), half(i + 1), 0x5a));
    // AES's table is an inverse and a matrix; rows of one byte do not show their shifts.
    int same = 0;
    for (int i = 0; i < 256; i++) {
        __m128i x = _mm_set1_epi8((char)i), matrix = _mm_set1_epi64x((long long)0xf1e3c78f1f3e7cf8);
        __m128i y = _mm_gf2p8affineinv_epi64_epi8(x, matrix, 0x63);
        same += _mm_movemask_epi8(_mm_cmpeq_epi8(y, _mm_aesenclast_si128(x, _mm_setzero_si128()))) == 0xffff;
    }
    printf("%-16s %d\n", "same tables", same);
}

#ifdef __AVX2__
static void floats(void)
{
    static uint16_t all[65536];
    static float wide[65536];
    for (int i = 0; i < 65536; i++)
        all[i] = (uint16_t)i;
    for (int i = 0; i < 65536; i += 8)
        _mm256_storeu_ps(wide + i, _mm256_cvtph_ps(_mm_loadu_si128((__m128i *)(all + i))));
    printf("%-16s %016lx\n", "vcvtph2ps", hash(wide, sizeof wide));
    for (int i = 0; i < 65536; i += 8)
        _mm_storeu_si128((__m128i *)(all + i), _mm256_cvtps_ph(_mm256_loadu_ps(wide + i), 0));
    printf("%-16s %016lx\n", "and back", hash(all, sizeof all));
    static double x[N], y[N], z[N];
    for (int i = 0; i < N; i++) {
        x[i] = (double)(int64_t)next() / 0x1p50, y[i] = (double)(int64_t)next() / 0x1p61;
        z[i] = -x[i] * y[i] * (1 + (double)(i % 5) * 0x1p-52);
    }
    for (int down = 0; down < 4; down++)
        for (int i = 0; i < N; i += 8)
            _mm_storeu_si128((__m128i *)(all + down * N + i), down == 0
                ? _mm256_cvtps_ph(_mm256_set1_ps((float)x[i]), 1) : down == 1
                ? _mm256_cvtps_ph(_mm256_set1_ps((float)y[i]), 2) : _mm256_cvtps_ph(_mm256_set1_ps((float)z[i]), 3));
    printf("%-16s %016lx\n", "other modes", hash(all, 4 * N * sizeof *all));
#define X(array) _mm256_loadu_pd(array + (i * 4) % N)
    OVER("vfmadd pd", __m256d, _mm256_fmadd_pd(X(x), X(y), X(z)));
    OVER("vfmsubadd pd", __m256d, _mm256_fmsubadd_pd(X(x), X(z), X(y)));
    OVER("vfmaddsub pd", __m256d, _mm256_fmaddsub_pd(X(y), X(z), X(x)));
    OVER("vfnmsub pd", __m256d, _mm256_fnmsub_pd(X(x), X(y), X(z)));
    OVER("vfmadd ps", __m256, _mm256_fmadd_ps(_mm256_castpd_ps(X(x)), _mm256_set1_ps(1.5f), _mm256_set1_ps((float)z[i])));
    OVER("scalar double", double, fma(-x[i], y[i], -z[i]));
    OVER("scalar single", float, fmaf((float)x[i], (float)y[i], (float)z[i]));
}
#endif

// 256 by 256 bits: MULX for the products, two chains of carries.
static void multiply(uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    memset(out, 0, 64);
    for (int i = 0; i < 4; i++) {
        uint64_t low, high, zero = 0;
        __asm__ volatile("xor %k[zero], %k[zero]\n"
                "mulx (%[b]), %[low], %[high]\n adcx (%[out]), %[low]\n mov %[low], (%[out])\n"
                "adox 8(%[out]), %[high]\n mov %[high], 8(%[out])\n"
                "mulx 8(%[b]), %[low], %[high]\n adcx 8(%[out]), %[low]\n mov %[low], 8(%[out])\n"
                "adox 16(%[out]), %[high]\n mov %[high], 16(%[out])\n"
                "mulx 16(%[b]), %[low], %[high]\n adcx 16(%[out]), %[low]\n mov %[low], 16(%[out])\n"
                "adox 24(%[out]), %[high]\n mov %[high], 24(%[out])\n"
                "mulx 24(%[b]), %[low], %[high]\n adcx 24(%[out]), %[low]\n mov %[low], 24(%[out])\n"
                "adox %[zero], %[high]\n adcx %[zero], %[high]\n mov %[high], 32(%[out])"
                : [low] "=&r"(low), [high] "=&r"(high), [zero] "+&r"(zero)
                : [b] "r"(b), [out] "r"(out + i), "d"(a[i]) : "memory", "cc");
    }
}

static void integers(void)
{
    uint64_t product[8], sum = 0, check = 0;
    for (int i = 0; i + 8 < N; i++) {
        multiply(product, words + i, words + i + 4);
        sum = sum * 31 + hash(product, sizeof product);
        unsigned __int128 column = 0, carry = 0;
        for (int k = 0; k < 7; k++) {
            column = carry, carry = 0;
            for (int j = k < 4 ? 0 : k - 3; j <= (k < 4 ? k : 3); j++) {
                unsigned __int128 term = (unsigned __int128)words[i + j] * words[i + 4 + k - j];
                column += (uint64_t)term, carry += (uint64_t)(term >> 64);
            }
            carry += column >> 64;
            check += (uint64_t)column == product[k];
        }
    }
    printf("%-16s %016lx, %lu right\n", "mulx adcx adox", sum, check);
    OVER("pdep", uint64_t, _pdep_u64(words[i], words[i + 1]));
    OVER("pext", uint64_t, _pext_u64(words[i], words[i + 1]));
    OVER("pdep 32", uint32_t, _pdep_u32((uint32_t)words[i], (uint32_t)words[i + 1]));
    OVER("bzhi", uint64_t, _bzhi_u64(words[i], (unsigned)words[i + 1] & 127));
    OVER("bextr", uint64_t, _bextr_u64(words[i], (unsigned)words[i + 1] & 127, (unsigned)words[i + 2] & 127));
    OVER("blsr blsi", uint64_t, _blsr_u64(words[i]) ^ _blsi_u64(words[i + 1]) ^ _blsmsk_u64(words[i + 2]));
    OVER("andn", uint64_t, ~words[i] & words[i + 1]);
    OVER("rorx", uint64_t, ({
        uint64_t turned;
        __asm__("rorx $47, %1, %0" : "=r"(turned) : "m"(words[i]));
        turned;
    }));
    OVER("shifts", uint64_t, words[i] << (words[i + 1] & 63) ^ words[i + 1] >> (words[i] & 63) ^
        (uint64_t)((int64_t)words[i] >> (words[i + 2] & 63)));
    OVER("lzcnt tzcnt", uint64_t, _lzcnt_u64(words[i] >> (i & 63)) * 100 + _tzcnt_u64(words[i] << (i & 63)));
    OVER("movbe 64", uint64_t, __builtin_bswap64(words[i]));
    OVER("movbe 32", uint32_t, __builtin_bswap32(*(uint32_t *)((char *)words + 3 * i)));
    OVER("movbe 16", uint16_t, (uint16_t)__builtin_bswap16(*(uint16_t *)((char *)words + 5 * i)));
    uint64_t crc = 0xffffffff;
    for (int i = 0; i < N; i++) {
        crc = _mm_crc32_u64(crc, words[i]);
        crc = _mm_crc32_u8((unsigned)crc, (unsigned char)i);
        crc = _mm_crc32_u32(_mm_crc32_u16((unsigned)crc, (unsigned short)i), (unsigned)words[i] >> 3);
    }
    unsigned digits = ~0u;
    for (const char *c = "123456789"; *c; c++)
        digits = _mm_crc32_u8(digits, (unsigned char)*c);
    printf("%-16s %08lx %08x\n", "crc32", crc, ~digits);
}

static void random_numbers(void)
{
    unsigned long long seen[16];
    int good = 0, distinct = 1;
    for (int i = 0; i < 8; i++) {
        for (int tries = 0; tries < 100 && !_rdrand64_step(seen + i); tries++)
            ;
        for (int tries = 0; tries < 10000 && !_rdseed64_step(seen + 8 + i); tries++)
            ;
    }
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < i; k++)
            distinct &= seen[i] != seen[k];
    unsigned narrow = 0;
    unsigned short least;
    for (int i = 0; i < 100 && !good; i++)
        good = _rdrand32_step(&narrow) && _rdrand16_step(&least);
    printf("%-16s %d %d\n", "rdrand rdseed", good, distinct);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

#define TIME(name, type, first, expression)                                                     \
    do {                                                                                        \
        type v = (first);                                                                       \
        double start = now();                                                                   \
        for (long i = 0; i < count; i++) {                                                      \
            v = (expression);                                                                   \
            __asm__ volatile("" : "+x"(v));                                                     \
        }                                                                                       \
        printf("%-16s %8.2f ns\n", name, (now() - start) / (double)count);                      \
    } while (0)

static void measure(long count)
{
    __m128i k = half(5), m = half(6);
    TIME("loop alone", __m128i, half(1), v);
    TIME("paddd", __m128i, half(1), _mm_add_epi32(v, k));
    TIME("aesenc", __m128i, half(1), _mm_aesenc_si128(v, k));
    TIME("aesdec", __m128i, half(1), _mm_aesdec_si128(v, k));
    TIME("aesimc", __m128i, half(1), _mm_aesimc_si128(v));
    TIME("aeskeygenassist", __m128i, half(1), _mm_aeskeygenassist_si128(v, 1));
    TIME("pclmulqdq", __m128i, half(1), _mm_clmulepi64_si128(v, k, 0));
    TIME("sha1rnds4", __m128i, half(1), _mm_sha1rnds4_epu32(v, k, 1));
    TIME("sha1msg1", __m128i, half(1), _mm_sha1msg1_epu32(v, k));
    TIME("sha1msg2", __m128i, half(1), _mm_sha1msg2_epu32(v, k));
    TIME("sha1nexte", __m128i, half(1), _mm_sha1nexte_epu32(v, k));
    TIME("sha256rnds2", __m128i, half(1), _mm_sha256rnds2_epu32(v, k, m));
    TIME("sha256msg1", __m128i, half(1), _mm_sha256msg1_epu32(v, k));
    TIME("sha256msg2", __m128i, half(1), _mm_sha256msg2_epu32(v, k));
    TIME("gf2p8mulb", __m128i, half(1), _mm_gf2p8mul_epi8(v, k));
    TIME("gf2p8affineqb", __m128i, half(1), _mm_gf2p8affine_epi64_epi8(v, k, 1));
    TIME("gf2p8affineinvqb", __m128i, half(1), _mm_gf2p8affineinv_epi64_epi8(v, k, 1));
#ifdef __AVX2__
    __m256i w = whole(5);
    TIME("vaesenc 256", __m256i, whole(1), _mm256_aesenc_epi128(v, w));
    TIME("vpclmulqdq 256", __m256i, whole(1), _mm256_clmulepi64_epi128(v, w, 0));
#endif
}

int main(int count, char **arguments)
{
    for (int i = 0; i < N * 4; i++)
        words[i] = next();
    if (count > 1) {
        measure(atol(arguments[1]));
        return 0;
    }
    aes();
    sha1("abc");
    sha256("abc");
    sha256("");
    fields();
#ifdef __AVX2__
    floats();
#endif
    integers();
    random_numbers();
    return 0;
}
