// Processes: fork, vfork, posix_spawn, popen, system, pipes, wait statuses, exec of itself, and
// what a child inherits.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int status_of(pid_t child) {
  int status = -1;
  if (waitpid(child, &status, 0) != child) return -1;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return 1000 + WTERMSIG(status);
}

static void forks(void) {
  int ends[2];
  if (pipe(ends)) exit(9);
  int sum = 0;
  for (int i = 0; i < 4; i++) {
    pid_t child = fork();
    if (child == 0) {
      char text[32];
      int n = snprintf(text, sizeof text, "%d\n", i * i);
      if (write(ends[1], text, (size_t)n) != n) _exit(1);
      _exit(10 + i);
    }
    sum += status_of(child);
  }
  close(ends[1]);
  FILE *file = fdopen(ends[0], "r");
  int value, total = 0;
  while (fscanf(file, "%d", &value) == 1) total += value;
  fclose(file);
  printf("forks %d %d\n", sum, total);
}

static void deaths(void) {
  static const int signals[] = {SIGKILL, SIGTERM, SIGABRT, SIGSEGV, SIGFPE, SIGPIPE, SIGALRM};
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
    pid_t child = fork();
    if (child == 0) {
      if (signals[i] == SIGABRT) abort();
      raise(signals[i]);
      _exit(0);
    }
    siginfo_t info;
    memset(&info, 0, sizeof info);
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    printf("death %d: %d %d", signals[i], info.si_code, info.si_status);
    printf(" %d\n", status_of(child));
  }
}

static void spawned(const char *self) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  int ends[2];
  if (pipe(ends)) exit(9);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  char *words[] = {"name", "child", "a b", "", NULL};
  char *variables[] = {"RED=1", "GREEN=", NULL};
  pid_t child;
  int error = posix_spawn(&child, self, &actions, NULL, words, variables);
  close(ends[1]);
  char text[256];
  ssize_t n, length = 0;
  while ((n = read(ends[0], text + length, sizeof text - (size_t)length)) > 0) length += n;
  close(ends[0]);
  printf("spawn %d: %d %.*s", error, status_of(child), (int)length, text);
  error = posix_spawn(&child, "/nonexistent/x", NULL, NULL, words, variables);
  printf("spawn of nothing: %s\n", strerror(error));
}

static void shells(void) {
  fflush(stdout);
  int status = system("echo from the shell; exit 5");
  printf("system %d\n", WEXITSTATUS(status));
  FILE *file = popen("cat; echo tail", "w");
  fprintf(file, "to the shell %d\n", 42);
  fflush(stdout);
  printf("pclose %d\n", pclose(file));
  file = popen("printf '%s\\n' one two three; exit 3", "r");
  char line[64];
  while (fgets(line, sizeof line, file)) printf("line %s", line);
  printf("pclose %d\n", WEXITSTATUS(pclose(file)));
}

static void borrowed(const char *self) {
  pid_t child = vfork();
  if (child == 0) {
    execl(self, "vfork", "status", "7", (char *)NULL);
    _exit(99);
  }
  printf("vfork %d\n", status_of(child));
  // Formatting afterwards: nothing of the child may be left in the parent.
  printf("%s %Lf %g\n", "after", 1.25L, 0.1);
  child = fork();
  if (child == 0) {
    printf("%s %Lf %g\n", "inside", 2.5L, 1e300);
    fflush(stdout);
    _exit(0);
  }
  printf("%d %s %Lf %g\n", status_of(child), "after", -1.25L, 0.2);
}

static void shared(void) {
  int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  *word = 5;
  pid_t child = fork();
  if (child == 0) {
    *word += 37;
    _exit(0);
  }
  status_of(child);
  printf("shared %d\n", *word);
}

int main(int count, char **words) {
  if (count > 1 && !strcmp(words[1], "child")) {
    printf("%s %d %s|%s|", words[0], count, words[2], words[3]);
    // An emulator may hand the variables over in another order.
    int variables = 0;
    for (char **v = environ; *v; v++) variables += strncmp(*v, "RECAST_", 7) != 0;
    printf("%d %s|%s|\n", variables, getenv("RED"), getenv("GREEN"));
    return 11;
  }
  if (count > 2 && !strcmp(words[1], "status")) return atoi(words[2]);
  setvbuf(stdout, NULL, _IOLBF, 0);
  forks();
  deaths();
  spawned("/proc/self/exe");
  shells();
  borrowed("/proc/self/exe");
  shared();
  execl("/proc/self/exe", "again", "status", "23", (char *)NULL);
  return 1;
}
