"""Programs that are hard to slice (their registers are wide, or they choose their code by CPUID), and which of
their functions a replay program really runs."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from recastlib.tools import recast

WIDE = r"""
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
// Entered with live YMM registers, and returns one.
__attribute__((noinline)) __m256d step(__m256d a, __m256d b, long n) {
  for (long i = 0; i < n; i++) {
    a = _mm256_fmadd_pd(a, b, _mm256_set1_pd(1e-3));
    b = _mm256_permute4x64_pd(b, 0x39);
  }
  return _mm256_add_pd(a, b);
}
__attribute__((noinline)) __m256i mix(__m256i x, const int *p, long n) {
  for (long i = 0; i + 8 <= n; i += 8)
    x = _mm256_add_epi32(_mm256_mullo_epi32(x, _mm256_set1_epi32(31)),
                         _mm256_loadu_si256((void *)(p + i)));
  return x;
}
static int data[1 << 14];
int main(int argc, char **argv) {
  long n = (argc > 1 ? atol(argv[1]) : 5) * 2000;
  __m256d a = _mm256_set_pd(.1, .2, .3, .4), b = _mm256_set_pd(.9, .8, .7, .6);
  __m256i x = _mm256_set_epi32(1, 2, 3, 4, 5, 6, 7, 8);
  for (int i = 0; i < 1 << 14; i++) data[i] = i * 2654435761u;
  for (long i = 0; i < n; i++) {
    a = step(a, b, 20000 + i % 7);
    x = mix(x, data, 1 << 14);
    a = _mm256_and_pd(a, _mm256_castsi256_pd(_mm256_set1_epi64x(0x7fefffffffffffff)));
    if (_mm256_cvtsd_f64(a) > 1e9) a = _mm256_set1_pd(.5);
  }
  double d[4]; int v[8];
  _mm256_storeu_pd(d, a); _mm256_storeu_si256((void *)v, x);
  printf("wide %.17g %.17g %d %d\n", d[0], d[3], v[0], v[7]);
}
"""

# Which function is hot says what CPUID showed.
CHOOSING = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline, target("avx512f"))) uint64_t level4(uint64_t *p, long n) {
  uint64_t h = 0;
  for (long i = 0; i < n; i++) {
    asm volatile("vpternlogq $0x96, %%zmm1, %%zmm2, %%zmm3" ::: "xmm3");
    h = h * 31 + p[i & 1023];
  }
  return h;
}
__attribute__((noinline)) uint64_t level3(uint64_t *p, long n) {
  uint64_t h = 0;
  for (long i = 0; i < n; i++) h = (h ^ p[i & 1023]) * 33;
  return h;
}
__attribute__((noinline)) uint64_t level2(uint64_t *p, long n) {
  uint64_t h = 0;
  for (long i = 0; i < n; i++) h = (h + p[i & 1023]) * 35;
  return h;
}
static uint64_t data[1024];
int main(int argc, char **argv) {
  long n = (argc > 1 ? atol(argv[1]) : 5) * 300;
  __builtin_cpu_init();
  int level = __builtin_cpu_supports("avx512f") ? 4 : __builtin_cpu_supports("avx2") ? 3 : 2;
  uint64_t h = level;
  for (int i = 0; i < 1024; i++) data[i] = i * 77;
  for (long i = 0; i < n; i++)
    h ^= level == 4 ? level4(data, 200000 + i) : level == 3 ? level3(data, 200000 + i)
       : level2(data, 200000 + i);
  printf("choosing %d %llx\n", level, (unsigned long long)h);
}
"""


def replayed_functions(program: Path, *arguments: str) -> set[str]:
    """Cuts slices out of a run of `program`; the names of its functions whose code the original machine code in
    the replay program executes, once through all slices under qemu-x86_64."""
    emulator = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    if not emulator:
        raise FileNotFoundError("no qemu-x86_64: apt-get install qemu-user-static")
    with tempfile.TemporaryDirectory(prefix="recast-replayed-") as folder:
        replay, log = Path(folder) / "replay", Path(folder) / "log"
        report = json.loads(subprocess.run(
            [recast(), "slice", str(program), "-o", str(replay), "--json", "--", *arguments],
            capture_output=True, check=True, timeout=300, stdin=subprocess.DEVNULL).stdout)
        stretches = sum(region["invocations"] for region in report["regions"])
        # The first slice, their number, how often each is repeated, no trial.
        subprocess.run([emulator, "-d", "in_asm", "-D", str(log), str(replay), "0", str(stretches), "2", "0"],
                       capture_output=True, check=True, timeout=300)
        executed = {int(a, 16) for a in re.findall(r"^(0x[0-9a-f]+):", log.read_text(), re.M)}
    symbols = subprocess.run(["nm", "-S", "--defined-only", str(program)], capture_output=True, text=True,
                             check=True).stdout
    functions = re.findall(r"^([0-9a-f]+) ([0-9a-f]+) [tT] (\S+)$", symbols, re.M)
    return {name for start, size, name in functions
            if any(int(start, 16) <= a < int(start, 16) + int(size, 16) for a in executed)}
