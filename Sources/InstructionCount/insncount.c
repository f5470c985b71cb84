/*
 * insncount.c - QEMU TCG plugin: number of guest instructions executed.
 *
 * Prints "insns=N tbs=N" on stderr at exit (or into the file given by
 * the plugin argument out=FILE).  The declarations below are the small part of
 * the plugin API (version 1, QEMU 4.2 .. 9.x) that this program uses, so no
 * QEMU header is needed.  Build:
 *     cc -O2 -shared -fPIC insncount.c -o libinsncount.so
 * Run (qemu-user package, not qemu-user-static: only the dynamic build has
 * plugins):
 *     qemu-riscv64 -plugin ./libinsncount.so PROG ARGS
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

typedef void (*tb_trans_cb)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*udata_cb)(qemu_plugin_id_t, void *);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, tb_trans_cb);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *,
                                              enum qemu_plugin_op, void *,
                                              uint64_t);
typedef void (*syscall_cb)(qemu_plugin_id_t, unsigned int, int64_t, uint64_t,
                           uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                           uint64_t, uint64_t);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, syscall_cb);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, udata_cb, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);

EXPORT int qemu_plugin_version = 1;

static uint64_t insns, tbs;
static const char *out_path;

static void on_trans(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(
        tb, QEMU_PLUGIN_INLINE_ADD_U64, &insns, qemu_plugin_tb_n_insns(tb));
    qemu_plugin_register_vcpu_tb_exec_inline(
        tb, QEMU_PLUGIN_INLINE_ADD_U64, &tbs, 1);
}

/* out=FILE,syscalls=on: a line "NUMBER INSNS" in FILE at every system call, so that what lies
 * between two of them can be counted (recast select). */
static FILE *calls;

static void on_syscall(qemu_plugin_id_t id, unsigned int vcpu, int64_t number,
                       uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)vcpu, (void)a1, (void)a2, (void)a3, (void)a4;
    (void)a5, (void)a6, (void)a7, (void)a8;
    fprintf(calls, "%lld %llu\n", (long long)number, (unsigned long long)insns);
    fflush(calls);
}

static void say(void)
{
    FILE *f = stderr;
    if (out_path && !(f = fopen(out_path, "a")))
        f = stderr;
    fprintf(f, "insns=%llu tbs=%llu\n", (unsigned long long)insns,
            (unsigned long long)tbs);
    if (f != stderr)
        fclose(f);
}

static void on_exit_cb(qemu_plugin_id_t id, void *p)
{
    (void)id;
    (void)p;
    say();
}

/* out=FILE,processes=on: every process of an x86-64 program counts its own, and says so before it
 * becomes another program, too. */
static void start_again(void)
{
    insns = tbs = 0;
}

static void before_exec(qemu_plugin_id_t id, unsigned int vcpu, int64_t number,
                        uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                        uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)vcpu, (void)a1, (void)a2, (void)a3, (void)a4;
    (void)a5, (void)a6, (void)a7, (void)a8;
    if (number != 59)
        return;
    say();
    start_again();
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
                               int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++)
        if (!strncmp(argv[i], "out=", 4))
            out_path = strdup(argv[i] + 4);
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "syscalls=on") && out_path && (calls = fopen(out_path, "w")))
            qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "processes=on") && !calls) {
            pthread_atfork(NULL, NULL, start_again);
            qemu_plugin_register_vcpu_syscall_cb(id, before_exec);
        }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_trans);
    qemu_plugin_register_atexit_cb(id, on_exit_cb, NULL);
    return 0;
}
