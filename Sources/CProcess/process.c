#define _GNU_SOURCE
#include "CProcess.h"
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct recast_ending *tool;

// Interrupts are held before, and in both processes afterwards.
static pid_t fork_held(void) {
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    recast_usual_interrupts();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
  }
  return pid;
}

pid_t recast_fork(void) {
  recast_hold_interrupts();
  pid_t pid = fork_held();
  recast_release_interrupts();
  return pid;
}

pid_t recast_start_tool(const char *path, char *const arguments[], int output) {
  recast_hold_interrupts();
  pid_t pid = fork_held();
  if (pid > 0) tool = recast_at_interrupt(NULL, pid);
  recast_release_interrupts();
  if (pid != 0) return pid;
  int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(output, 1);
  dup2(output, 2);
  execv(path, arguments);
  const char *why = strerror(errno);
  if (write(2, why, strlen(why)) < 0) _exit(126);
  _exit(127);
}

void recast_wait_for_tool(pid_t pid, int *status) {
  while (waitpid(pid, status, 0) < 0 && errno == EINTR) continue;
  if (tool) recast_forget(tool);
  tool = NULL;
}

int recast_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
int recast_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
void recast_exit_now(int code) { _exit(code); }

struct build_id {
  const char *library;
  unsigned char *bytes;
  size_t room, length;
};

// dl_iterate_phdr(3) begins with the program itself: answering 1 ends the walk.
static int find_build_id(struct dl_phdr_info *program, size_t size, void *result) {
  (void)size;
  struct build_id *id = result;
  if (id->library && !strstr(program->dlpi_name, id->library)) return 0;
  for (int i = 0; i < program->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &program->dlpi_phdr[i];
    if (header->p_type != PT_NOTE) continue;
    const char *at = (const char *)program->dlpi_addr + header->p_vaddr;
    const char *end = at + header->p_memsz;
    while (end - at >= (long)sizeof(ElfW(Nhdr))) {
      const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
      const char *name = at + sizeof *note;
      const char *content = name + ((note->n_namesz + 3) & ~3u);
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4)) {
        id->length = note->n_descsz < id->room ? note->n_descsz : id->room;
        memcpy(id->bytes, content, id->length);
        return 1;
      }
      at = content + ((note->n_descsz + 3) & ~3u);
    }
  }
  return 1;
}

size_t recast_build_id(const char *library, unsigned char *id, size_t room) {
  struct build_id found = {library, id, room, 0};
  dl_iterate_phdr(find_build_id, &found);
  return found.length;
}
