// libjpeg-dev, libpng-dev: -ljpeg -lpng -lz -lm
// libjpeg-turbo picks SSE2 or AVX2 assembly by CPUID; libpng filters rows with intrinsics.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <jpeglib.h>
#include <png.h>

enum { WIDTH = 227, HEIGHT = 149 };
static unsigned char picture[HEIGHT][WIDTH * 3], back[HEIGHT][WIDTH * 3];
static jmp_buf failure;

static unsigned long sum(const void *bytes, size_t count)
{
    return crc32(0, bytes, (unsigned)count);
}

static void jpeg(int quality, int progressive, int subsampling)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    unsigned char *out = NULL;
    unsigned long size = 0;
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &size);
    c.image_width = WIDTH;
    c.image_height = HEIGHT;
    c.input_components = 3;
    c.in_color_space = JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, quality, TRUE);
    c.comp_info[0].h_samp_factor = c.comp_info[0].v_samp_factor = subsampling;
    if (progressive)
        jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = picture[c.next_scanline];
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    struct jpeg_decompress_struct d;
    d.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, out, size);
    jpeg_read_header(&d, TRUE);
    d.dct_method = progressive ? JDCT_IFAST : JDCT_ISLOW;
    jpeg_start_decompress(&d);
    while (d.output_scanline < d.output_height) {
        JSAMPROW row = back[d.output_scanline];
        jpeg_read_scanlines(&d, &row, 1);
    }
    jpeg_finish_decompress(&d);
    jpeg_destroy_decompress(&d);
    printf("jpeg %d %d %d: %lu %08lx %08lx\n", quality, progressive, subsampling, size,
           sum(out, size), sum(back, sizeof back));
    free(out);
}

static void fail(j_common_ptr c)
{
    char text[JMSG_LENGTH_MAX];
    c->err->format_message(c, text);
    printf("error: %s\n", text);
    longjmp(failure, 1);
}

static void damaged(void)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr errors;
    d.err = jpeg_std_error(&errors);
    errors.error_exit = fail;
    jpeg_create_decompress(&d);
    if (setjmp(failure) == 0) {
        jpeg_mem_src(&d, picture[0], sizeof picture);
        jpeg_read_header(&d, TRUE);
    }
    jpeg_destroy_decompress(&d);
}

static void png(int filters)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = WIDTH, .height = HEIGHT};
    FILE *file = tmpfile();
    png_structp w = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop information = png_create_info_struct(w);
    png_init_io(w, file);
    png_set_IHDR(w, information, WIDTH, HEIGHT, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, 0, 0);
    png_set_filter(w, 0, filters);
    png_write_info(w, information);
    for (int y = 0; y < HEIGHT; y++)
        png_write_row(w, picture[y]);
    png_write_end(w, information);
    png_destroy_write_struct(&w, &information);
    printf("png %d: %ld", filters, ftell(file));
    rewind(file);
    memset(back, 0, sizeof back);
    image.opaque = NULL;
    png_image_begin_read_from_stdio(&image, file);
    image.format = PNG_FORMAT_RGB;
    png_image_finish_read(&image, NULL, back, 0, NULL);
    printf(" %d\n", memcmp(picture, back, sizeof back) == 0);
    fclose(file);
}

int main(void)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH * 3; x++)
            picture[y][x] = (unsigned char)(x * y / 7 + (x % 3) * 40 + (y * y >> 4));
    for (int s = 1; s <= 2; s++)
        for (int p = 0; p < 2; p++) {
            jpeg(30, p, s);
            jpeg(92, p, s);
        }
    damaged();
    png(PNG_FILTER_SUB);
    png(PNG_FILTER_UP);
    png(PNG_FILTER_AVG);
    png(PNG_FILTER_PAETH);
    png(PNG_ALL_FILTERS);
    return 0;
}
