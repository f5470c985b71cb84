#include "CProcess.h"
#include <sys/wait.h>
#include <unistd.h>

pid_t recast_fork(void) { return fork(); }
pid_t recast_wait(pid_t pid, int *status, int options) { return waitpid(pid, status, options); }
int recast_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
int recast_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
void recast_exit_now(int code) { _exit(code); }
