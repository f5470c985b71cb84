#ifndef RECAST_ORACLE_H
#define RECAST_ORACLE_H

// Runs one x86-64 instruction on the processor this test runs on, between two register states.
// Only on x86_64 hosts; `oracle_available` says so.

#include <stddef.h>
#include <stdint.h>

struct oracle_state {
  uint64_t gpr[16];
  uint64_t flags;   // CF PF AF ZF SF DF OF; other bits are ignored and read back as zero
  uint64_t ymm[64]; // 32 bytes a register; upper halves only where the processor has AVX
};

struct oracle_result {
  int signal;        // 0, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP
  uint64_t address;  // si_addr
  int64_t rip;       // offset from the instruction's first byte, of a signal
};

int oracle_available(void);

/// Runs `size` bytes of straight-line code with `state`, which is replaced by the state afterwards,
/// or at the signal. Threads take turns. 0, or −1 if the harness could not be set up.
int oracle_run(const uint8_t *code, size_t size, struct oracle_state *state,
               struct oracle_result *result);

/// Where the code of `oracle_run` is placed: the same address for every run, 0 before set-up fails.
uint64_t oracle_code_address(void);

/// Reserves `size` readable and writable bytes at a fixed address; 0, or −1.
int oracle_map(uint64_t address, size_t size);

#endif
