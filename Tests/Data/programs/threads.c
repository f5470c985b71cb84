// POSIX threads: joins, mutexes, conditions, thread-local storage, atomics, cancellation, a
// barrier, threads that signal each other, and a fork from a thread.
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
static atomic_long atomic_sum;
static long plain_sum;
static __thread int own = 5;
static __thread char name[16];

static void *add(void *argument) {
  long n = (long)argument;
  own += (int)n;
  snprintf(name, sizeof name, "t%ld", n);
  for (int i = 0; i < 20000; i++) {
    atomic_fetch_add(&atomic_sum, n);
    if (i % 20 == 0) {
      pthread_mutex_lock(&lock);
      plain_sum += n;
      pthread_mutex_unlock(&lock);
    }
  }
  return (void *)(long)(own * 100 + (int)strlen(name));
}

static void joins(void) {
  pthread_t threads[6];
  long results = 0;
  for (long i = 0; i < 6; i++) pthread_create(&threads[i], NULL, add, (void *)(i + 1));
  for (int i = 0; i < 6; i++) {
    void *r;
    pthread_join(threads[i], &r);
    results += (long)r;
  }
  printf("joins %ld %ld %ld %d\n", atomic_sum, plain_sum, results, own);
}

static int queue[8], head, tail;
static void *producer(void *unused) {
  for (int i = 1; i <= 500; i++) {
    pthread_mutex_lock(&lock);
    while (head - tail == 8) pthread_cond_wait(&ready, &lock);
    queue[head++ % 8] = i;
    pthread_cond_broadcast(&ready);
    pthread_mutex_unlock(&lock);
  }
  return unused;
}

static void conditions(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, producer, NULL);
  long sum = 0;
  for (int i = 0; i < 500; i++) {
    pthread_mutex_lock(&lock);
    while (head == tail) pthread_cond_wait(&ready, &lock);
    sum += queue[tail++ % 8];
    pthread_cond_broadcast(&ready);
    pthread_mutex_unlock(&lock);
  }
  pthread_join(thread, NULL);
  printf("conditions %ld\n", sum);
}

static pthread_key_t key;
static int destroyed;
static void destroy(void *value) {
  pthread_mutex_lock(&lock);
  destroyed += *(int *)value;
  pthread_mutex_unlock(&lock);
  free(value);
}
static pthread_barrier_t barrier;
static void *keyed(void *argument) {
  int *value = malloc(sizeof *value);
  *value = (int)(long)argument;
  pthread_setspecific(key, value);
  pthread_barrier_wait(&barrier);
  pthread_exit(NULL);
}

static void *forever(void *argument) {
  (void)argument;
  for (;;) pause();
}

static pthread_t main_thread;
static volatile sig_atomic_t hits;
static void hit(int n) {
  (void)n;
  hits += pthread_equal(pthread_self(), main_thread) ? 100 : 1;
}

static sem_t begun;
static void *waits(void *argument) {
  sem_post(&begun);
  while (hits == 0) usleep(100);
  return argument;
}

static void endings(void) {
  pthread_key_create(&key, destroy);
  pthread_barrier_init(&barrier, NULL, 4);
  pthread_t threads[3];
  for (long i = 0; i < 3; i++) pthread_create(&threads[i], NULL, keyed, (void *)(i + 1));
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  void *result;
  pthread_t endless;
  pthread_create(&endless, NULL, forever, NULL);
  usleep(2000);
  pthread_cancel(endless);
  pthread_join(endless, &result);
  printf("endings %d %d\n", destroyed, result == PTHREAD_CANCELED);
  main_thread = pthread_self();
  signal(SIGUSR1, hit);
  sem_init(&begun, 0, 0);
  pthread_create(&endless, NULL, waits, NULL);
  sem_wait(&begun);
  pthread_kill(endless, SIGUSR1);
  pthread_join(endless, NULL);
  printf("kill %d\n", hits);
}

static void *forks(void *argument) {
  pid_t child = fork();
  if (child == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, add, (void *)1);
    pthread_join(thread, NULL);
    _exit(7);
  }
  int status = 0;
  waitpid(child, &status, 0);
  *(int *)argument = WEXITSTATUS(status);
  return NULL;
}

static void *detached(void *argument) {
  sem_post(argument);
  return NULL;
}

int main(void) {
  joins();
  conditions();
  endings();
  pthread_t thread;
  int status = 0;
  pthread_create(&thread, NULL, forks, &status);
  pthread_join(thread, NULL);
  printf("fork %d\n", status);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (int i = 0; i < 50; i++) {
    pthread_create(&thread, &attributes, detached, &begun);
    sem_wait(&begun);
  }
  printf("detached\n");
  return 0;
}
