// Runs the blocks that Scripts/fuzz-instructions generates, from states made of a seed, and prints a
// hash of what each leaves behind. It is freestanding: nothing but the blocks is worth comparing.
//
// Arguments: seed, first block, blocks, cases, mode; with a sixth, every case's words are printed.
// Mode bits 8 to 23: MXCSR for the blocks, when bit 1 is set; its flags afterwards are a result when
// bit 2 is, without DE when bit 4 is.
// Mode bit 3: nanoseconds are printed instead, the least of all cases.

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

typedef void block(const u64 *general, const u64 *vector);
extern const struct { block *code; u64 words; } blocks[];
extern const u64 block_count;

extern u64 out[512] __attribute__((section(".out")));
extern u8 scratch[4096] __attribute__((section(".scratch")));

enum { pool_size = 8192, window = 32, middle = 0x800 / 8 };
static u64 general_pool[pool_size], vector_pool[pool_size];
static u64 state;

static u64 next(void) {
  u64 z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static u64 value(void) {
  u64 n = next();
  switch (n & 7) {
    case 0: return n >> 3 & 63;
    case 1: return -(n >> 3 & 63);
    case 2: return 1ul << (n >> 3 & 63);
    case 3: return (1ul << (n >> 3 & 63)) - 1;
    case 4: return ~(1ul << (n >> 3 & 63));
    case 5: return next() >> (n >> 3 & 63);
    default: return next();
  }
}

static const u32 singles[] = {
    0, 1, 0x7fffff, 0x800000, 0x3f800000, 0x3f800001, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000,
    0x7fffffff, 0x4f000000, 0x4effffff, 0x5f000000, 0x3f000000, 0x3fc00000, 0x40200000, 0x477ff000,
    0x477fefff, 0x38800000, 0x33000000, 0x33000001, 0x387fffff, 0x00000100, 0x1f800000, 0x20000000};
static const u64 doubles[] = {
    0, 1, 0xfffffffffffff, 0x10000000000000, 0x3ff0000000000000, 0x3ff0000000000001,
    0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff0000000000001, 0x7ff8000000000000,
    0x7fffffffffffffff, 0x41e0000000000000, 0x41dfffffffc00000, 0x43e0000000000000,
    0x3fe0000000000000, 0x3ff8000000000000, 0x4004000000000000, 0x47effffff0000000,
    0x36a0000000000000, 0x3690000000000000, 0x3800000000000000, 0x1ff0000000000000};

static u32 single(void) {
  u64 n = next();
  u32 sign = (u32)(n >> 40) & 0x80000000;
  switch (n & 3) {
    case 0: return singles[(n >> 8) % (sizeof singles / 4)] | sign;
    case 1: return (u32)next();
    default: return sign | (120 + (u32)(n >> 4 & 15)) << 23 | ((u32)(n >> 9) & 0x7fffff);
  }
}

static u64 wide(void) {
  u64 n = next();
  u64 sign = n & 1ul << 63;
  switch (n & 3) {
    case 0: return doubles[(n >> 8) % (sizeof doubles / 8)] | sign;
    case 1: return next();
    default: return sign | (1015 + (n >> 4 & 15)) << 52 | next() >> 12;
  }
}

static void fill(void) {
  for (int n = 0; n < pool_size; n++) general_pool[n] = value() & (n % 32 == 16 ? 0x8d5 : -1ul);
  for (int n = 0; n < pool_size; n++) {
    u64 v;
    switch (n >> 5 & 3) {
      case 0: v = single() | (u64)single() << 32; break;
      case 1: v = wide(); break;
      case 2: v = value(); break;
      default: v = next();
    }
    vector_pool[n] = v;
  }
}

static char text[1 << 16];
static u64 used;

static long write_out(void) {
  long result;
  u64 at = 0;
  while (at < used) {
    __asm__ volatile("syscall" : "=a"(result) : "a"(1), "D"(1), "S"(text + at), "d"(used - at)
                     : "rcx", "r11", "memory");
    if (result <= 0) break;
    at += (u64)result;
  }
  used = 0;
  return result;
}

static void hexadecimal(u64 v) {
  for (int n = 60; n >= 0; n -= 4) text[used++] = "0123456789abcdef"[v >> n & 15];
}

static void decimal(u64 v) {
  char digits[20];
  int n = 0;
  do digits[n++] = (char)('0' + v % 10); while (v /= 10);
  while (n) text[used++] = digits[--n];
}

static u64 hash(u64 h, u64 v) {
  h ^= v;
  h *= 0x9e3779b97f4a7c15;
  return h ^ h >> 29;
}

static u64 number(const char *s) {
  u64 v = 0;
  for (; *s; s++) v = v * 10 + (u64)(*s - '0');
  return v;
}

static u64 now(void) {
  u64 time[2];
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(228), "D"(1), "S"(time) : "rcx", "r11", "memory");
  return time[0] * 1000000000 + time[1];
}

static void measure(u64 n, u64 runs) {
  u64 least = -1ul;
  for (u64 c = 0; c < runs; c++) {
    u64 begin = now();
    blocks[n].code(general_pool, vector_pool + 32);
    u64 spent = now() - begin;
    if (spent < least) least = spent;
  }
  decimal(n);
  text[used++] = ' ';
  decimal(least);
  text[used++] = '\n';
  write_out();
}

static void run(u64 n, u64 cases, u64 mode, int verbose) {
  u64 h = 0;
  u32 mxcsr = (u32)(mode >> 8) & 0xffff, standard = 0x1f80;
  u64 *words = (u64 *)scratch;
  for (u64 c = 0; c < cases; c++) {
    u64 choice = next();
    const u64 *general = general_pool + (choice & (pool_size - 1) & ~31ul);
    const u64 *vector = vector_pool + (choice >> 20) % (pool_size - 128) / 4 * 4;
    const u64 *memory = (choice >> 40 & 1 ? general_pool : vector_pool)
        + (choice >> 41) % (pool_size - 128) / 4 * 4;
    for (int k = -16; k < window + 16; k++) words[middle + k] = memory[k + 16];
    if (mode & 2) __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    blocks[n].code(general, vector);
    u64 flags = 0;
    if (mode & 2) {
      u32 after;
      __asm__ volatile("stmxcsr %0" : "=m"(after));
      __asm__ volatile("ldmxcsr %0" : : "m"(standard));
      // What other processors have not: DE.
      if (mode & 16) after &= ~2u;
      if (mode & 4) h = hash(h, flags = after);
    }
    for (u64 k = 0; k < blocks[n].words; k++) h = hash(h, out[k]);
    for (int k = -16; k < window + 16; k++) h = hash(h, words[middle + k]);
    if (!verbose) continue;
    decimal(c);
    text[used++] = ':';
    for (int k = 0; k < 17; k++) text[used++] = ' ', hexadecimal(general[k]);
    text[used++] = '|';
    for (int k = 0; k < 64; k++) text[used++] = ' ', hexadecimal(vector[k]);
    text[used++] = '|';
    for (u64 k = 0; k < blocks[n].words; k++)
      text[used++] = ' ', hexadecimal(out[k]);
    text[used++] = '|';
    for (int k = -16; k < window + 16; k++)
      text[used++] = ' ', hexadecimal(words[middle + k]);
    text[used++] = ' ', hexadecimal(flags);
    text[used++] = '\n';
    write_out();
  }
  if (verbose) return;
  decimal(n);
  text[used++] = ' ';
  hexadecimal(h);
  text[used++] = '\n';
  write_out();
}

__attribute__((used)) static void begin(u64 *stack) {
  u64 count = stack[0];
  char **words = (char **)(stack + 1);
  if (count >= 6) {
    u64 seed = number(words[1]), first = number(words[2]), last = first + number(words[3]);
    u64 mode = number(words[5]);
    state = seed;
    fill();
    if (last > block_count) last = block_count;
    for (u64 n = first; n < last; n++) {
      state = seed * 1000003 + n;
      if (mode & 8) measure(n, number(words[4]));
      else run(n, number(words[4]), mode, count > 6);
    }
  }
  write_out();
  __asm__ volatile("syscall" : : "a"(231), "D"(count < 6 ? 2 : 0) : "rcx", "r11");
  __builtin_unreachable();
}

__asm__(".globl _start\n_start:\nmov %rsp, %rdi\nand $-16, %rsp\ncall begin\nud2\n");
