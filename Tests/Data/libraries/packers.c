// liblzma-dev, libbz2-dev, zlib1g-dev, libzstd-dev: -llzma -lbz2 -lz -lzstd -lpthread
// Four compressors there and back, xz and zstd with threads of their own.
#include <bzlib.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { SIZE = 400000, ROOM = SIZE * 2 };
static unsigned char text[SIZE], packed[ROOM], back[ROOM];

static void report(const char *name, size_t size, size_t again)
{
    printf("%s %zu %08lx %d\n", name, size, crc32(0, packed, (unsigned)size),
           again == SIZE && memcmp(text, back, SIZE) == 0);
}

static void xz(unsigned preset, int threads)
{
    lzma_stream s = LZMA_STREAM_INIT;
    lzma_mt options = {.threads = 2, .preset = preset, .check = LZMA_CHECK_SHA256, .block_size = 100000};
    if (threads ? lzma_stream_encoder_mt(&s, &options) : lzma_easy_encoder(&s, preset, LZMA_CHECK_CRC64))
        exit(1);
    s.next_in = text;
    s.avail_in = SIZE;
    s.next_out = packed;
    s.avail_out = ROOM;
    while (lzma_code(&s, LZMA_FINISH) == LZMA_OK)
        ;
    size_t size = s.total_out;
    lzma_end(&s);
    size_t in = 0, out = 0;
    uint64_t limit = UINT64_MAX;
    if (lzma_stream_buffer_decode(&limit, 0, NULL, packed, &in, size, back, &out, ROOM) != LZMA_OK)
        exit(2);
    report(threads ? "xz threads" : "xz", size, out);
}

int main(void)
{
    unsigned long seed = 1;
    for (size_t i = 0; i < SIZE; i++) {
        seed = seed * 6364136223846793005ul + 1442695040888963407ul;
        text[i] = seed >> 62 ? (unsigned char)("etaoin shrdlu\n"[(seed >> 40) % 14]) : i > 900 ? text[i - 900] : 'x';
    }
    xz(0, 0);
    xz(6, 0);
    xz(3, 1);
    for (int level = 1; level <= 9; level += 4) {
        unsigned size = ROOM, again = ROOM;
        BZ2_bzBuffToBuffCompress((char *)packed, &size, (char *)text, SIZE, level, 0, 0);
        BZ2_bzBuffToBuffDecompress((char *)back, &again, (char *)packed, size, level == 5, 0);
        report("bzip2", size, again);
        unsigned long room = ROOM, whole = ROOM;
        compress2(packed, &room, text, SIZE, level);
        uncompress(back, &whole, packed, room);
        report("zlib", room, whole);
        ZSTD_CCtx *c = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level * 2);
        ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
        ZSTD_CCtx_setParameter(c, ZSTD_c_nbWorkers, level == 5 ? 2 : 0);
        size_t z = ZSTD_compress2(c, packed, ROOM, text, SIZE);
        ZSTD_freeCCtx(c);
        report("zstd", z, ZSTD_decompress(back, ROOM, packed, z));
    }
    packed[100] ^= 1;
    size_t in = 0, out = 0;
    uint64_t limit = UINT64_MAX;
    printf("damaged %d\n", lzma_stream_buffer_decode(&limit, 0, NULL, packed, &in, 1000, back, &out, ROOM) != LZMA_OK);
    return 0;
}
