// Base64 there and back by byte shuffles, and a tokenizer of JSON that finds strings by carry-less multiplication
// and structure by bit masks: AVX2, PCLMULQDQ, BMI1 and BMI2. Both are compared with plain C.
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const void *from, size_t size)
{
    const unsigned char *p = from;
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ p[i]) * 0x100000001b3;
    return sum;
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encode_plain(const unsigned char *in, size_t size, char *out)
{
    char *start = out;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t v = in[i] << 16 | (i + 1 < size ? in[i + 1] << 8 : 0) | (i + 2 < size ? in[i + 2] : 0);
        for (int k = 0; k < 4; k++)
            *out++ = i + k > size ? '=' : letters[v >> (18 - 6 * k) & 63];
    }
    return (size_t)(out - start);
}

// 24 bytes become 32 letters: bytes to their places, fields by multiplication, letters by distance.
static size_t encode(const unsigned char *in, size_t size, char *out)
{
    const __m256i places = _mm256_setr_epi8(5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14,
                                            1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    const __m256i distance = _mm256_broadcastsi128_si256(
        _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                      '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    size_t i = 0, n = 0;
    for (; i + 28 <= size && i >= 4; i += 24, n += 32) {
        __m256i v = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(in + i - 4)), places);
        __m256i high = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)),
                                          _mm256_set1_epi32(0x04000040));
        __m256i low = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
                                         _mm256_set1_epi32(0x01000010));
        __m256i fields = _mm256_or_si256(high, low);
        __m256i kind = _mm256_subs_epu8(fields, _mm256_set1_epi8(51));
        __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), fields);
        kind = _mm256_or_si256(kind, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
        fields = _mm256_add_epi8(fields, _mm256_shuffle_epi8(distance, kind));
        _mm256_storeu_si256((__m256i *)(out + n), fields);
        if (i + 52 > size)
            return n + 32 + encode_plain(in + i + 24, size - i - 24, out + n + 32);
    }
    if (i == 0 && size >= 12) { // the vector loop reads four bytes in front
        n = encode_plain(in, 12, out);
        return n + (size >= 52 ? encode(in + 12, size - 12, out + n) : encode_plain(in + 12, size - 12, out + n));
    }
    return n + encode_plain(in + i, size - i, out + n);
}

static int value(unsigned char c)
{
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? (int)(at - letters) : -1;
}

// 32 letters become 24 bytes; 0 where a byte is no letter.
static int decode_block(const char *in, unsigned char *out)
{
    const __m256i low = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0x10, 0x10, 1, 2, 4, 8, 4, 8, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
    const __m256i distance = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i v = _mm256_loadu_si256((const __m256i *)in);
    __m256i nibble = _mm256_and_si256(_mm256_srli_epi32(v, 4), _mm256_set1_epi8(0x2f));
    __m256i wrong = _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(v, _mm256_set1_epi8(0x2f))),
                                     _mm256_shuffle_epi8(high, nibble));
    if (!_mm256_testz_si256(wrong, wrong))
        return 0;
    __m256i slash = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('/'));
    v = _mm256_add_epi8(v, _mm256_shuffle_epi8(distance, _mm256_add_epi8(slash, nibble)));
    v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
    v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
    v = _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(
        _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
    v = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
    _mm256_storeu_si256((__m256i *)out, v);
    return 1;
}

static long decode(const char *in, size_t size, unsigned char *out)
{
    unsigned char *start = out;
    for (; size >= 48; in += 32, size -= 32, out += 24)
        if (!decode_block(in, out))
            return -1;
    for (; size >= 4; in += 4, size -= 4) {
        int pad = (in[2] == '=') + (in[3] == '=');
        int a = value(in[0]), b = value(in[1]), c = pad > 1 ? 0 : value(in[2]), d = pad ? 0 : value(in[3]);
        if ((a | b | c | d) < 0 || (pad && size > 4))
            return -1;
        uint32_t v = (uint32_t)(a << 18 | b << 12 | c << 6 | d);
        *out++ = v >> 16;
        if (pad < 2)
            *out++ = v >> 8;
        if (!pad)
            *out++ = v;
    }
    return size ? -1 : out - start;
}

static void base64(void)
{
    enum { MOST = 5000 };
    static unsigned char data[MOST + 64], back[MOST + 64];
    static char text[MOST * 2], plain[MOST * 2];
    int good = 0, refused = 0, tried = 0;
    uint64_t sum = 0, seed = 3;
    for (int i = 0; i < MOST; i++)
        data[i] = (seed = seed * 6364136223846793005u + 1442695040888963407u) >> 56;
    for (size_t size = 0; size < MOST; size = size * 9 / 8 + 1) {
        size_t n = encode(data, size, text), m = encode_plain(data, size, plain);
        long length = decode(text, n, back);
        good += n == m && !memcmp(text, plain, n) && length == (long)size && !memcmp(back, data, size);
        sum = sum * 31 + hash(text, n);
        tried++;
    }
    size_t n = encode(data, MOST, text);
    for (int c = 0; c < 256; c++) {
        char kept = text[c + 100];
        text[c + 100] = (char)c;
        refused += decode(text, n, back) < 0;
        sum = sum * 31 + hash(back, 300);
        text[c + 100] = kept;
    }
    printf("base64 %d of %d, refused %d, %016lx\n%.76s\n", good, tried, refused, sum, text);
}

// 64 bytes as bits.
struct block { __m256i low, high; };

static uint64_t equal(struct block b, char c)
{
    __m256i v = _mm256_set1_epi8(c);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b.low, v)) |
        (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b.high, v)) << 32;
}

static uint64_t class(struct block b, __m256i low, __m256i high)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    uint64_t bits = 0;
    for (int k = 0; k < 2; k++) {
        __m256i v = k ? b.high : b.low;
        __m256i both = _mm256_and_si256(
            _mm256_shuffle_epi8(low, v),
            _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
        __m256i none = _mm256_cmpeq_epi8(both, _mm256_setzero_si256());
        bits |= (uint64_t)(uint32_t)~_mm256_movemask_epi8(none) << 32 * k;
    }
    return bits;
}

struct state { uint64_t odd, inside, scalar; };

// Bits of characters behind an odd number of backslashes.
static uint64_t escaped(uint64_t backslash, struct state *s)
{
    const uint64_t even = 0x5555555555555555;
    uint64_t starts = backslash & ~(backslash << 1);
    uint64_t even_starts = starts & (even ^ s->odd), carries = backslash + even_starts;
    unsigned long long sum;
    uint64_t odd_starts = starts & ~(even ^ s->odd);
    int overflow = __builtin_uaddll_overflow(backslash, odd_starts, &sum);
    sum |= s->odd;
    s->odd = (uint64_t)overflow;
    return (carries & ~backslash & ~even) | (sum & ~backslash & even);
}

static size_t index_of(const char *text, size_t size, uint32_t *out)
{
    // , : [ ] { } by the sets that their two halves have in common.
    const __m256i low = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 1, 4, 0, 0));
    const __m256i high = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1, 2, 0, 4, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0));
    struct state s = {0};
    size_t found = 0;
    for (size_t at = 0; at < size; at += 64) {
        char last[64];
        const char *from = text + at;
        if (size - at < 64) {
            memset(last, ' ', 64);
            memcpy(last, from, size - at);
            from = last;
        }
        struct block b = {_mm256_loadu_si256((const __m256i *)from), _mm256_loadu_si256((const __m256i *)(from + 32))};
        uint64_t quotes = equal(b, '"') & ~escaped(equal(b, '\\'), &s);
        __m128i spread = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)quotes), _mm_set1_epi8(-1), 0);
        uint64_t inside = (uint64_t)_mm_cvtsi128_si64(spread) ^ s.inside;
        s.inside = (uint64_t)((int64_t)inside >> 63);
        uint64_t space = equal(b, ' ') | equal(b, '\n') | equal(b, '\t') | equal(b, '\r');
        uint64_t structure = class(b, low, high) & ~inside;
        uint64_t scalar = ~(structure | space | inside | quotes);
        uint64_t first = scalar & ~(scalar << 1 | s.scalar);
        s.scalar = scalar >> 63;
        uint64_t marks = structure | (quotes & inside) | first;
        for (; marks; marks = _blsr_u64(marks))
            out[found++] = (uint32_t)(at + _tzcnt_u64(marks));
    }
    return found;
}

static size_t index_plain(const char *text, size_t size, uint32_t *out)
{
    size_t found = 0;
    int inside = 0, scalar = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (inside) {
            if (c == '\\')
                i++;
            else if (c == '"')
                inside = 0;
            continue;
        }
        int structure = c && strchr(",:[]{}", c), space = c && strchr(" \n\t\r", c);
        if (c == '"' || structure || (!space && !scalar))
            out[found++] = (uint32_t)i;
        inside = c == '"';
        scalar = !(structure || space || inside);
    }
    return found;
}

// Up to eight digits at once.
static uint64_t digits(const char *text, int count)
{
    uint64_t v;
    memcpy(&v, text, 8);
    v = _bzhi_u64(v, 8 * (unsigned)count) << (64 - 8 * count);
    v = _pext_u64(v, 0x0f0f0f0f0f0f0f0f);
    uint64_t n = 0;
    for (int k = 0; k < 8; k++)
        n = n * 10 + (v >> 4 * k & 15);
    return n;
}

// Removes spaces outside of strings, eight bytes at a time.
static size_t squeeze(const char *text, size_t size, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i + 8 <= size; i += 8) {
        uint64_t v, keep = 0;
        memcpy(&v, text + i, 8);
        for (int k = 0; k < 8; k++)
            keep |= (uint64_t)(text[i + k] != ' ' && text[i + k] != '\n') << k;
        v = _pext_u64(v, _pdep_u64(keep, 0x0101010101010101) * 255);
        memcpy(out + n, &v, 8);
        n += (size_t)_mm_popcnt_u64(keep);
    }
    return n;
}

static void json(void)
{
    enum { SIZE = 120000 };
    static char text[SIZE + 200], squeezed[SIZE + 200];
    static uint32_t marks[SIZE + 64], expected[SIZE + 64];
    size_t size = 0;
    uint64_t seed = 11, numbers = 0;
    int counts[128] = {0};
    for (int i = 0; size < SIZE; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size += (size_t)sprintf(text + size, "%s{\"id\": %lu,\"name\" :\"%.*s\\\"%.*s%s\", \"list\":[true,null , -%d.5e3],\n\t\"empty\":{}}",
                                i ? ",\n" : "[", seed >> 40, (int)(seed >> 60), "plain ,:[]{} text", 2 * (int)(seed >> 57 & 3),
                                "\\\\\\\\\\\\", seed >> 56 & 1 ? "\\\\" : "", i);
    }
    text[size++] = ']';
    for (size_t cut = size; cut > size - 130; cut--) {
        size_t n = index_of(text, cut, marks), m = index_plain(text, cut, expected);
        if (n != m || memcmp(marks, expected, n * sizeof *marks))
            printf("differs at length %zu\n", cut);
    }
    size_t n = index_of(text, size, marks);
    for (size_t i = 0; i < n; i++) {
        const char *at = text + marks[i];
        counts[*at & 127]++;
        int length = 0;
        while (length < 8 && at[length] >= '0' && at[length] <= '9')
            length++;
        if (length)
            numbers = numbers * 1000003 + digits(at, length);
    }
    printf("json %zu bytes, %zu marks, %016lx, numbers %016lx\n", size, n, hash(marks, n * sizeof *marks), numbers);
    for (int c = 0; c < 128; c++)
        if (counts[c])
            printf("%c %d ", c, counts[c]);
    n = squeeze(text, size, squeezed);
    printf("\nsqueezed %zu %016lx\n", n, hash(squeezed, n));
}

int main(void)
{
    base64();
    json();
    return 0;
}
