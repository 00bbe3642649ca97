// The library is a good guest: no output, no signal handler, no change of the environment, no thread and no descriptor left
// among the low numbers; calls from 32 threads at once; loaded and let go of at run time.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <ktask.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"

extern char **environ;

static int threads(void) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  CHECK(tasks);
  for (struct dirent *entry; (entry = readdir(tasks));) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}

static int (*run)(void *, size_t, struct ktask_ctl *);

static int add(void *start, void *end, void *arg) {
  __atomic_fetch_add((size_t *)arg, (size_t)end - (size_t)start, __ATOMIC_RELAXED);
  return 0;
}

static void *call_many(void *arg) {
  (void)arg;
  for (int i = 0; i < 200; i++) {
    size_t sum = 0;
    DEFINE_KTASK_CTL(ctl, add, &sum, 100);
    CHECK(run(NULL, 1000 + (size_t)i, &ctl) == 0 && sum == 1000 + (size_t)i);
  }
  return NULL;
}

int main(int count, char **words) {
  CHECK(count == 2);
  struct sigaction before[65], after[65];
  for (int i = 1; i < 65; i++) sigaction(i, NULL, &before[i]);
  char **variables = environ;
  size_t bytes = 0;
  for (char **at = environ; *at; at++) bytes += strlen(*at);

  void *library = dlopen(words[1], RTLD_NOW);
  if (!library) fprintf(stderr, "%s\n", dlerror());
  CHECK(library);
  *(void **)&run = dlsym(library, "ktask_run");
  CHECK(run && threads() == 1);
  pthread_t callers[32];
  for (int i = 0; i < 32; i++) CHECK(pthread_create(&callers[i], NULL, call_many, NULL) == 0);
  for (int i = 0; i < 32; i++) CHECK(pthread_join(callers[i], NULL) == 0);
  int (*clear)(void *, size_t, const struct ktask_options *, struct ktask_result *);
  *(void **)&clear = dlsym(library, "ktask_clear");
  CHECK(clear);
  void *memory = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED && clear(memory, 64 * MIB, NULL, NULL) == 0);

  // ktask_run's helpers have ended when it returns; a caller's own threads may take a moment
  for (int i = 0; i < 1000 && threads() > 1; i++) usleep(1000);
  CHECK(threads() == 1);
  CHECK(dlclose(library) == 0);
  for (int i = 1; i < 65; i++) {
    memset(&after[i], 0, sizeof after[i]);
    sigaction(i, NULL, &after[i]);
    CHECK(after[i].sa_handler == before[i].sa_handler);
  }
  CHECK(environ == variables);
  for (char **at = environ; *at; at++) bytes -= strlen(*at);
  CHECK(bytes == 0);
  int lowest = dup(0);
  CHECK(lowest == 3);
  return 0;
}
