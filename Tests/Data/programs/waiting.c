// Waiting: poll, select, epoll, sockets, timers, signals as files, and mappings.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void readiness(void) {
  int a[2], b[2];
  if (pipe(a) || pipe2(b, O_NONBLOCK | O_CLOEXEC)) exit(9);
  struct pollfd files[2] = {{a[0], POLLIN, 0}, {b[1], POLLOUT, 0}};
  printf("poll %d %x %x\n", poll(files, 2, 0), files[0].revents, files[1].revents);
  if (write(a[1], "x", 1) != 1) exit(9);
  printf("poll %d %x %x\n", poll(files, 2, 100), files[0].revents, files[1].revents);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(a[0], &set);
  FD_SET(b[0], &set);
  struct timeval wait = {0, 1000};
  int n = select(b[1] + 1, &set, NULL, NULL, &wait);
  printf("select %d %d %d\n", n, !!FD_ISSET(a[0], &set), !!FD_ISSET(b[0], &set));
  char c;
  ssize_t got = read(b[0], &c, 1);
  printf("nonblocking %zd %s\n", got, strerror(errno));
  int e = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1122334455667788};
  epoll_ctl(e, EPOLL_CTL_ADD, a[0], &event);
  event.data.u64 = 99;
  event.events = EPOLLIN | EPOLLET;
  epoll_ctl(e, EPOLL_CTL_ADD, b[0], &event);
  struct epoll_event events[4];
  n = epoll_wait(e, events, 4, 10);
  printf("epoll %d %x %llx\n", n, events[0].events, (unsigned long long)events[0].data.u64);
  if (write(b[1], "yz", 2) != 2) exit(9);
  n = epoll_wait(e, events, 4, 10);
  unsigned long long sum = 0;
  for (int i = 0; i < n; i++) sum += events[i].data.u64;
  printf("epoll %d %llx\n", n, sum);
}

static void network(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 5)) exit(9);
  socklen_t length = sizeof address;
  getsockname(listener, (void *)&address, &length);
  pid_t child = fork();
  if (child == 0) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (void *)&address, sizeof address)) _exit(1);
    char text[64];
    ssize_t n = recv(s, text, sizeof text, 0);
    for (ssize_t i = 0; i < n; i++) text[i] ^= 0x20;
    struct iovec parts[2] = {{"[", 1}, {text, (size_t)n}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    sendmsg(s, &message, 0);
    shutdown(s, SHUT_WR);
    _exit(0);
  }
  struct sockaddr_in peer;
  length = sizeof peer;
  int s = accept4(listener, (void *)&peer, &length, SOCK_CLOEXEC);
  send(s, "Hello Network", 13, MSG_NOSIGNAL);
  char text[64];
  ssize_t n, all = 0;
  while ((n = read(s, text + all, sizeof text - (size_t)all)) > 0) all += n;
  waitpid(child, NULL, 0);
  printf("tcp %.*s from %s\n", (int)all, text, inet_ntoa(peer.sin_addr));

  int pair[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  int passed = open("/dev/null", O_RDONLY);
  union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } control;
  struct iovec part = {"fd", 2};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                           .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &passed, sizeof passed);
  sendmsg(pair[0], &message, 0);
  char space[8];
  part = (struct iovec){space, sizeof space};
  n = recvmsg(pair[1], &message, 0);
  int received = -1;
  memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
  struct stat before, after;
  fstat(passed, &before);
  fstat(received, &after);
  printf("rights %zd %d\n", n, before.st_rdev == after.st_rdev && received != passed);
}

static volatile int alarms;
static void count(int n, siginfo_t *info, void *context) {
  (void)n;
  (void)context;
  alarms += info->si_code == SI_TIMER ? 100 : 1;
}

static void timers(void) {
  struct sigaction action = {.sa_sigaction = count, .sa_flags = SA_SIGINFO};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval interval = {{0, 2000}, {0, 2000}};
  setitimer(ITIMER_REAL, &interval, NULL);
  unsigned long spins = 0;
  while (alarms < 5) spins++;
  memset(&interval, 0, sizeof interval);
  setitimer(ITIMER_REAL, &interval, NULL);
  printf("itimer %d\n", alarms >= 5 && spins > 0);
  alarms = 0;
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  event.sigev_value.sival_int = 7;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer)) perror("timer_create");
  struct itimerspec once = {{0, 0}, {0, 3000000}};
  timer_settime(timer, 0, &once, NULL);
  while (alarms == 0) usleep(500);
  timer_delete(timer);
  printf("timer %d\n", alarms);
  int t = timerfd_create(CLOCK_MONOTONIC, 0);
  timerfd_settime(t, 0, &once, NULL);
  uint64_t ticks = 0;
  if (read(t, &ticks, 8) != 8) perror("timerfd");
  int e = eventfd(5, EFD_SEMAPHORE);
  uint64_t value = 0;
  if (read(e, &value, 8) != 8) perror("eventfd");
  printf("timerfd %d eventfd %d\n", (int)ticks, (int)value);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int f = signalfd(-1, &set, SFD_CLOEXEC);
  raise(SIGUSR2);
  struct signalfd_siginfo info;
  ssize_t n = read(f, &info, sizeof info);
  printf("signalfd %zd %u\n", n, info.ssi_signo);
  sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 1234});
  siginfo_t got;
  struct timespec limit = {1, 0};
  int which = sigtimedwait(&set, &got, &limit);
  printf("sigtimedwait %d %d %d\n", which, got.si_value.sival_int, got.si_code == SI_QUEUE);
  struct timespec nap = {0, 1000000}, left;
  printf("nanosleep %d\n", clock_nanosleep(CLOCK_REALTIME, 0, &nap, &left));
}

static void mappings(void) {
  size_t page = 16384;  // of hosts with large pages, too
  char *area = mmap(NULL, 16 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(area + 4 * page, 4 * page, PROT_READ | PROT_WRITE);
  memset(area + 4 * page, 7, 4 * page);
  char *moved = mremap(area + 4 * page, 4 * page, 32 * page, MREMAP_MAYMOVE);
  int sum = 0;
  for (size_t i = 0; i < 32 * page; i += page) sum += moved[i];
  munmap(moved, 32 * page);
  int f = memfd_create("m", 0);
  if (ftruncate(f, (off_t)(2 * page))) exit(9);
  char *one = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
  char *two = mmap(NULL, page, PROT_READ, MAP_SHARED, f, (off_t)page);
  strcpy(one + page, "seen twice");
  char *fixed = mmap(area, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, f, (off_t)page);
  printf("mappings %d %s %s %d\n", sum, two, fixed, fixed == area);
  unsigned char resident[2];
  printf("mincore %d, madvise %d\n", mincore(one, 2 * page, resident),
         madvise(area + 12 * page, page, MADV_DONTNEED));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  readiness();
  network();
  timers();
  mappings();
  return 0;
}
