// The C library's odd corners: formats, conversions, patterns, locales, trees of files, and the
// callbacks that it makes.
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <ftw.h>
#include <getopt.h>
#include <glob.h>
#include <iconv.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <regex.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

static void formats(void) {
  static const long double values[] = {0.0L, 1.0L, -1.0L / 3, 1e-4932L, 1.18e4932L, 123456.789L};
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
    printf("%Lg %.20Le %La %.3Lf\n", values[i], values[i], values[i],
           fabsl(values[i]) < 1e9L ? values[i] : 0);
  printf("%a %.13a %+.0e % 08.2f|%-12g|%#x %#o %'d\n", 1.0 / 3, 2.5, 12345.678, -3.14159, 1e-5,
         255, 8, 1234567);
  printf("%5s|%-5s|%.2s|%c|%%|%p|%hhd|%lld|%jd|%zu\n", "ab", "cd", "xyz", 'q', (void *)0x1234,
         (char)200, -1LL, (intmax_t)1 << 40, sizeof(long));
  printf("%2$s %1$d %2$s %4$*3$d\n", 5, "word", 6, 42);
  printf("%.0f %.0f %.0f %.0f %g %g %g\n", 0.5, 1.5, 2.5, 3.5, INFINITY, -INFINITY, 1e16);
  wprintf(L"");
  char text[128];
  int n = snprintf(text, 8, "%s", "longer than eight");
  printf("%d %s %n\n", n, text, &n);
}

static void conversions(void) {
  static const char *const texts[] = {"1e308", "1e309", "4.9e-324", "2.4e-324", "0x1.8p3", "nan",
    "-inf", "3.14159265358979323846264338327950288", "1.7976931348623157e308x", "  +.5e1", "e5",
    "9007199254740993", "0.1e-400", "123456789012345678901234567890"};
  for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *end;
    errno = 0;
    double d = strtod(texts[i], &end);
    int e = errno;
    float f = strtof(texts[i], NULL);
    long double l = strtold(texts[i], NULL);
    printf("%.17g %d %td %.9g %.21Lg\n", d, e, end - texts[i], (double)f, l);
  }
  errno = 0;
  printf("%ld %lu %llx %ld", strtol("-0x7fz", NULL, 0), strtoul("-1", NULL, 10),
         strtoull("zz", NULL, 36), strtol("99999999999999999999", NULL, 10));
  printf(" %d\n", errno);
  int a, b;
  float f;
  char word[16], set[16];
  n_scan: {
    int n = sscanf("12 0x1f 2.5e2 hello abc123", "%d %i %f %15s %15[a-c]", &a, &b, &f, word, set);
    printf("%d %d %d %g %s %s\n", n, a, b, (double)f, word, set);
  }
  if (a < 0) goto n_scan;
}

static void patterns(void) {
  regex_t expression;
  regcomp(&expression, "^([a-z]+)-([0-9]{2,4})(\\.x)?$", REG_EXTENDED);
  static const char *const texts[] = {"abc-12", "abc-1", "q-9999.x", "ABC-12", "z-12345"};
  for (unsigned i = 0; i < 5; i++) {
    regmatch_t m[4];
    int r = regexec(&expression, texts[i], 4, m, 0);
    printf("%d", r);
    for (int k = 0; !r && k < 4; k++) printf(" %d-%d", (int)m[k].rm_so, (int)m[k].rm_eo);
    puts("");
  }
  regfree(&expression);
  regcomp(&expression, "\\(a*\\)*b\\1", 0);
  printf("%d\n", regexec(&expression, "aaabaaa", 0, NULL, 0));
  regfree(&expression);
  char message[64];
  regerror(regcomp(&expression, "(", REG_EXTENDED), &expression, message, sizeof message);
  printf("%s %d %d\n", message, fnmatch("*.[ch]", "x.c", 0), fnmatch("a/*", "a/b/c", FNM_PATHNAME));
}

static int visited;
static int visit(const char *path, const struct stat *s, int kind, struct FTW *at) {
  (void)path;
  (void)s;
  visited += kind * 10 + at->level;
  return 0;
}

static void trees(void) {
  (void)!system("mkdir -p t/a/b t/c; echo x > t/a/f.c; echo y > t/c/g.c; echo z > t/a/b/h.txt");
  glob_t found;
  int r = glob("t/*/*.c", 0, NULL, &found);
  printf("glob %d %zu", r, found.gl_pathc);
  for (size_t i = 0; i < found.gl_pathc; i++) printf(" %s", found.gl_pathv[i]);
  globfree(&found);
  nftw("t", visit, 8, FTW_PHYS | FTW_DEPTH);
  printf(" nftw %d\n", visited);
}

static void characters(void) {
  printf("%s %s\n", setlocale(LC_ALL, "C.UTF-8") ? "utf" : "none", nl_langinfo(CODESET));
  wchar_t wide[32];
  size_t n = mbstowcs(wide, "h\xc3\xa9llo \xe2\x82\xac", 32);
  printf("%zd %x %d", (ssize_t)n, (unsigned)wide[1], (int)wcswidth(wide, n));
  printf(" %ls %d\n", wide, iswupper((wint_t)towupper(0xe9)));
  setlocale(LC_ALL, "C");
  iconv_t cd = iconv_open("UTF-16LE", "UTF-8");
  if (cd != (iconv_t)-1) {
    char in[] = "a\xe2\x82\xac", out[16], *i = in, *o = out;
    size_t left = sizeof in - 1, room = sizeof out;
    size_t r = iconv(cd, &i, &left, &o, &room);
    printf("iconv %zd %zu %02x%02x\n", (ssize_t)r, sizeof out - room, (unsigned char)out[2],
           (unsigned char)out[3]);
    iconv_close(cd);
  } else {
    puts("no iconv");
  }
  printf("%d %s %s\n", strcasecmp("HeLLo", "hEllO"), strpbrk("key=value", "=:"),
         (char *)memmem("haystack", 8, "sta", 3));
}

static int order(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}
static int order_with(const void *a, const void *b, void *with) {
  ++*(int *)with;
  return order(b, a);
}
static int total;
static void walk(const void *node, VISIT visit, int depth) {
  if (visit == postorder || visit == leaf) total = total * 7 + **(const int *const *)node + depth;
}

static void callbacks(void) {
  int numbers[200];
  unsigned seed = 12345;
  for (int i = 0; i < 200; i++) numbers[i] = (int)((seed = seed * 1103515245 + 12345) >> 16 & 1023);
  int calls = 0;
  qsort_r(numbers, 200, sizeof *numbers, order_with, &calls);
  int first = numbers[0];
  qsort(numbers, 200, sizeof *numbers, order);
  int key = numbers[77];
  int *found = bsearch(&key, numbers, 200, sizeof *numbers, order);
  void *root = NULL;
  for (int i = 0; i < 60; i++) tsearch(&numbers[(i * 37) % 200], &root, order);
  twalk(root, walk);
  printf("sort %d %d %d %d tree %d\n", first, numbers[0], *found == key, calls > 200, total);
}

static void times(void) {
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  tzset();
  time_t t = 1720000000;
  struct tm parts;
  char text[64];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z %j %U %a", localtime_r(&t, &parts));
  parts.tm_mon += 14;
  parts.tm_isdst = -1;
  printf("%s %ld %s", text, (long)mktime(&parts), asctime(gmtime(&t)));
  struct tm read = {0};
  char *rest = strptime("29 Feb 2024 12:34", "%d %b %Y %H:%M", &read);
  printf("%d %d %d %zu\n", read.tm_yday, read.tm_wday, read.tm_min, strlen(rest));
}

static void options(void) {
  char *words[] = {"prog", "-ab", "value", "--long=3", "rest", "-c", "--flag", "-z", NULL};
  static int flag;
  static const struct option longs[] = {
      {"long", required_argument, NULL, 'L'}, {"flag", no_argument, &flag, 9}, {0, 0, 0, 0}};
  opterr = 0;
  int c;
  while ((c = getopt_long(8, words, "ab:c", longs, NULL)) != -1)
    printf("%c%s ", c ? c : '0', optarg ? optarg : "");
  printf("%d %s\n", flag, words[optind]);
}

int main(void) {
  formats();
  conversions();
  patterns();
  trees();
  characters();
  callbacks();
  times();
  options();
  return 0;
}
