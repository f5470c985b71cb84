#define _GNU_SOURCE
#include "CProcess.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct recast_ending {
  struct recast_ending *next;
  pid_t process;
  char path[];
};

// Newest first: what is inside of a folder goes before it.
static struct recast_ending *endings;
static atomic_flag held = ATOMIC_FLAG_INIT;
static sigset_t mask_before;

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
enum { COUNT = sizeof numbers / sizeof *numbers };

static sigset_t interrupts(void) {
  sigset_t set;
  sigemptyset(&set);
  for (int n = 0; n < COUNT; n++) sigaddset(&set, numbers[n]);
  return set;
}

static void hold(void) {
  const struct timespec pause = {0, 50000};
  while (atomic_flag_test_and_set(&held)) nanosleep(&pause, NULL);
}

void recast_hold_interrupts(void) {
  sigset_t set = interrupts(), before;
  pthread_sigmask(SIG_BLOCK, &set, &before);
  hold();
  mask_before = before;
}

void recast_release_interrupts(void) {
  int code = errno;
  sigset_t before = mask_before;
  atomic_flag_clear(&held);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = code;
}

struct recast_ending *recast_at_interrupt(const char *path, pid_t process) {
  size_t size = path ? strlen(path) + 1 : 0;
  struct recast_ending *made = malloc(sizeof *made + size);
  if (!made) return NULL;
  made->next = endings;
  made->process = process;
  memcpy(made->path, path ? path : "", size);
  endings = made;
  return made;
}

struct recast_ending *recast_make_temporary(char *pattern, bool is_folder) {
  struct recast_ending *made = NULL;
  recast_hold_interrupts();
  int file = is_folder ? -1 : mkostemp(pattern, O_CLOEXEC);
  if (file >= 0) close(file);
  if (is_folder ? mkdtemp(pattern) != NULL : file >= 0) {
    made = recast_at_interrupt(pattern, 0);
    if (!made) recast_remove(pattern);
  }
  recast_release_interrupts();
  return made;
}

void recast_forget(struct recast_ending *ending) {
  recast_hold_interrupts();
  struct recast_ending **link = &endings;
  while (*link && *link != ending) link = &(*link)->next;
  if (*link) *link = ending->next;
  recast_release_interrupts();
  free(ending);
}

static void end(int number);

// One that is ignored, as nohup(1) has it, stays so.
static void handle(void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler, .sa_mask = interrupts()}, before;
  for (int n = 0; n < COUNT; n++) {
    sigaction(numbers[n], NULL, &before);
    if (before.sa_handler != SIG_IGN) sigaction(numbers[n], &action, NULL);
  }
}

void recast_clean_at_interrupts(void) { handle(end); }
void recast_usual_interrupts(void) { handle(SIG_DFL); }

// The lock is kept: nothing new comes into being while the process ends.
static void end(int number) {
  hold();
  for (struct recast_ending *e = endings; e; e = e->next) {
    if (e->process) {
      kill(e->process, SIGKILL);
      waitpid(e->process, NULL, 0);
    }
  }
  for (struct recast_ending *e = endings; e; e = e->next) {
    if (!e->process) recast_remove(e->path);
  }
  recast_usual_interrupts();
  raise(number);
}

struct entry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

void recast_remove(const char *path) {
  if (unlink(path) == 0 || (errno != EISDIR && errno != EPERM)) return;
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  char buffer[4096] __attribute__((aligned(8)));
  long count;
  while ((count = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < count;) {
      struct entry *e = (struct entry *)(buffer + at);
      unlinkat(folder, e->name, 0);
      at += e->length;
    }
  }
  close(folder);
  rmdir(path);
}
