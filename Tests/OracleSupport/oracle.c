// A jump into foreign code and back, with every register set and read.
//
// All state goes through one static exchange area addressed relative to RIP, so that no register and
// no flag is needed on either way. A signal in the code copies the registers out of its frame and
// resumes at the way back, past the stores.

#define _GNU_SOURCE
#include "oracle.h"

#if defined(__x86_64__) && defined(__linux__)

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct oracle_exchange {
  struct oracle_state state;  // gpr 0, flags 128, ymm 136
  uint64_t host_stack;        // 648
  uint64_t code;              // 656
  uint64_t has_avx;           // 664
};

struct oracle_exchange oracle_exchange __attribute__((visibility("hidden"), aligned(64)));
_Static_assert(offsetof(struct oracle_exchange, host_stack) == 648, "the assembly says 648");

void oracle_enter(void);
extern char oracle_exit[], oracle_leave[];

#define EACH(m) m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15)
#define S1(x) #x
#define S(x) S1(x)
#define LOAD_X(n) "movdqu oracle_exchange+136+32*" S(n) "(%rip), %xmm" S(n) "\n"
#define LOAD_Y(n) "vmovdqu oracle_exchange+136+32*" S(n) "(%rip), %ymm" S(n) "\n"
#define SAVE_X(n) "movdqu %xmm" S(n) ", oracle_exchange+136+32*" S(n) "(%rip)\n"
#define SAVE_Y(n) "vmovdqu %ymm" S(n) ", oracle_exchange+136+32*" S(n) "(%rip)\n"
#define LOAD_G(r, n) "mov oracle_exchange+8*" S(n) "(%rip), %" r "\n"
#define SAVE_G(r, n) "mov %" r ", oracle_exchange+8*" S(n) "(%rip)\n"
#define OTHERS(m) m("rcx", 1) m("rdx", 2) m("rbx", 3) m("rbp", 5) m("rsi", 6) m("rdi", 7) \
  m("r8", 8) m("r9", 9) m("r10", 10) m("r11", 11) m("r12", 12) m("r13", 13) m("r14", 14) m("r15", 15)

__asm__(
    ".text\n"
    ".globl oracle_enter\n.hidden oracle_enter\n.type oracle_enter, @function\n"
    "oracle_enter:\n"
    "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, oracle_exchange+648(%rip)\n"
    "cmpq $0, oracle_exchange+664(%rip)\n"
    "jne 1f\n" EACH(LOAD_X) "jmp 2f\n"
    "1:\n" EACH(LOAD_Y)
    "2:\n"
    "push oracle_exchange+128(%rip)\n"
    "popfq\n" OTHERS(LOAD_G) LOAD_G("rax", 0) LOAD_G("rsp", 4)
    "jmp *oracle_exchange+656(%rip)\n"

    ".globl oracle_exit\n.hidden oracle_exit\n"
    "oracle_exit:\n" SAVE_G("rsp", 4) SAVE_G("rax", 0)
    "mov oracle_exchange+648(%rip), %rsp\n"
    "pushfq\n"
    "pop %rax\n"
    "cld\n"
    "mov %rax, oracle_exchange+128(%rip)\n" OTHERS(SAVE_G)
    "cmpq $0, oracle_exchange+664(%rip)\n"
    "jne 1f\n" EACH(SAVE_X) "jmp oracle_leave\n"
    "1:\n" EACH(SAVE_Y)
    "vzeroupper\n"
    ".globl oracle_leave\n.hidden oracle_leave\n"
    "oracle_leave:\n"
    "mov oracle_exchange+648(%rip), %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\n"
    "ret\n");

static uint8_t *page;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t running;
static struct oracle_result caught;
static char signal_stack[65536] __attribute__((aligned(64)));

enum { page_size = 4096, status_flags = 0xcd5 };

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

static void handle(int number, siginfo_t *info, void *context) {
  ucontext_t *frame = context;
  greg_t *gregs = frame->uc_mcontext.gregs;
  if (!running) {
    signal(number, SIG_DFL);
    return;
  }
  static const uint8_t order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
  for (int n = 0; n < 16; n++) oracle_exchange.state.gpr[n] = (uint64_t)gregs[order[n]];
  oracle_exchange.state.flags = (uint64_t)gregs[REG_EFL];
  for (int n = 0; n < 16; n++)
    memcpy(&oracle_exchange.state.ymm[4 * n], &frame->uc_mcontext.fpregs->_xmm[n], 16);
  caught.signal = number;
  caught.address = (uint64_t)info->si_addr;
  caught.rip = (int64_t)((uint64_t)gregs[REG_RIP] - (uint64_t)page);
  gregs[REG_RIP] = (greg_t)(uintptr_t)oracle_leave;
  gregs[REG_EFL] &= ~(greg_t)(status_flags | 0x100);
}

static int prepare(void) {
  if (page) return 0;
  void *fixed = (void *)0x30000000;
  void *memory = mmap(fixed, page_size, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (memory == MAP_FAILED) return -1;
  stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
  if (sigaltstack(&stack, 0)) return -1;
  page = memory;
  __builtin_cpu_init();
  oracle_exchange.has_avx = __builtin_cpu_supports("avx") ? 1 : 0;
  return 0;
}

int oracle_available(void) { return 1; }

uint64_t oracle_code_address(void) {
  pthread_mutex_lock(&turn);
  uint64_t address = prepare() ? 0 : (uint64_t)page;
  pthread_mutex_unlock(&turn);
  return address;
}

int oracle_map(uint64_t address, size_t size) {
  void *memory = mmap((void *)address, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  return memory == (void *)address ? 0 : -1;
}

static int run(const uint8_t *code, size_t size, struct oracle_state *state,
               struct oracle_result *result) {
  if (prepare() || size > 1024) return -1;
  memcpy(page, code, size);
  static const uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0};
  uint64_t exit = (uint64_t)oracle_exit;
  memcpy(page + size, jump, sizeof jump);
  memcpy(page + size + sizeof jump, &exit, sizeof exit);
  oracle_exchange.state = *state;
  oracle_exchange.state.flags = (state->flags & status_flags) | 0x202;
  oracle_exchange.code = (uint64_t)page;
  memset(&caught, 0, sizeof caught);

  stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack}, old_stack;
  if (sigaltstack(&stack, &old_stack)) return -1;
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK}, old[5];
  for (int n = 0; n < 5; n++) sigaction(signals[n], &action, &old[n]);
  running = 1;
  oracle_enter();
  running = 0;
  for (int n = 0; n < 5; n++) sigaction(signals[n], &old[n], 0);
  sigaltstack(&old_stack, 0);

  *state = oracle_exchange.state;
  state->flags &= status_flags;
  *result = caught;
  return 0;
}

int oracle_run(const uint8_t *code, size_t size, struct oracle_state *state,
               struct oracle_result *result) {
  pthread_mutex_lock(&turn);
  int outcome = run(code, size, state, result);
  pthread_mutex_unlock(&turn);
  return outcome;
}

#else

int oracle_available(void) { return 0; }
uint64_t oracle_code_address(void) { return 0; }
int oracle_map(uint64_t address, size_t size) { return -1; }
int oracle_run(const uint8_t *code, size_t size, struct oracle_state *state,
               struct oracle_result *result) {
  return -1;
}

#endif
