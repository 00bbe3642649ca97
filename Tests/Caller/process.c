// What a process is when it calls: sandboxed, forked, about to become another program, ended by a signal.
#include "caller.h"
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>

static void populate(void) {
  void *start = mmap(room(SIZE), SIZE, BOTH, ANONYMOUS | MAP_POPULATE, -1, 0);
  tell("mmap", start == MAP_FAILED ? -1 : 0);
  tell_pages(start, SIZE);
  fflush(stdout);
}

// As sandboxes do: what lowers helpers' priority and binds them to CPUs ends the process.
static void sandboxed(char **words) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setpriority, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setaffinity, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  tell("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (!strcmp(words[0], "prctl")) tell("seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
  else tell("seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
  populate();
}

// As sandboxes do that name what they need: nothing ends the process but what it did not ask for itself.
static void sandboxed_strictly(char **words) {
  (void)words;
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mlockall, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  populate();
  tell("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  tell("seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
  void *start = mmap(NULL, SIZE, BOTH, ANONYMOUS | MAP_POPULATE, -1, 0);
  tell("mmap", start == MAP_FAILED ? -1 : 0);
  tell("mlockall", mlockall(64));
}

// Of who has not given up new privileges first the kernel takes none.
static void sandboxed_unasked(char **words) {
  (void)words;
  struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {1, filter};
  populate();
  tell("seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
  populate();
}

// One that the kernel refuses, and the question whether it would take any.
static void filter_refused(char **words) {
  (void)words;
  struct sock_fprog program = {0};
  tell("asked", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL));
  tell("asked", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL));
  tell("refused", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
  populate();
}

// A child that shares this memory is filtered, and this process is not.
static void filter_in_vfork(char **words) {
  (void)words;
  struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {1, filter};
  pid_t child = vfork();
  if (!child) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    _exit(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status=%d\n", WEXITSTATUS(status));
  populate();
}

// So many that the lines behind them in /proc/self/status begin on a second page.
static void many_groups(char **words) {
  (void)words;
  gid_t groups[800];
  for (size_t i = 0; i < 800; i++) groups[i] = (gid_t)(1000000000 + i);
  if (setgroups(800, groups)) exit(77);
  populate();
}

static void without_proc(char **words) {
  if (chroot(words[0]) || chdir("/")) exit(77);
  populate();
}

static void in_fork(char **words) {
  (void)words;
  populate();
  pid_t child = fork();
  if (!child) {
    populate();
    exit(3);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status=%d\n", WEXITSTATUS(status));
}

static int child_of_vfork(void *unused) {
  (void)unused;
  void *start = mmap(room(SIZE), SIZE, BOTH, ANONYMOUS | MAP_POPULATE, -1, 0);
  _exit(start == MAP_FAILED ? 1 : 5);
}

static void in_vfork(char **words) {
  (void)words;
  static char stack[1 << 20] __attribute__((aligned(16)));
  pid_t child = clone(child_of_vfork, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
  int status;
  waitpid(child, &status, 0);
  printf("status=%d\n", WEXITSTATUS(status));
  populate();
}

static void executed(char **words) {
  fflush(stdout);
  execv(words[0], words);
}

static void *thread(void *unused) {
  (void)unused;
  void *start = mmap(room(SIZE), SIZE, BOTH, ANONYMOUS | MAP_POPULATE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

static void in_threads(char **words) {
  (void)words;
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, thread, NULL);
  for (int i = 0; i < 8; i++) {
    void *start;
    pthread_join(threads[i], &start);
    printf("mapped=%d\n", start != NULL);
    if (start) tell_pages(start, SIZE);
  }
}

// A thread whose stack is as small as one may be.
static void small_stack(char **words) {
  (void)words;
  pthread_attr_t attributes;
  pthread_t small;
  void *start;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
  if (pthread_create(&small, &attributes, thread, NULL) || pthread_join(small, &start)) exit(1);
  if (start) tell_pages(start, SIZE);
}

static void populate_and_end(void) {
  populate();
  exit(0);
}

// The first thread, on a stack that does not grow.
static void coroutine(char **words) {
  (void)words;
  enum { PAGE = 4 << 10, STACK = 16 << 10 };
  static ucontext_t context;
  char *stack = mmap(NULL, PAGE + STACK, BOTH, ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED || mprotect(stack, PAGE, PROT_NONE)) exit(1);
  getcontext(&context);
  context.uc_stack.ss_sp = stack + PAGE;
  context.uc_stack.ss_size = STACK;
  makecontext(&context, populate_and_end, 0);
  setcontext(&context);
}

static void *hold_output(void *unused) {
  flockfile(stdout);
  pthread_barrier_wait(unused);
  for (;;) pause();
}

// Ends while another thread holds the stream.
static void output_held(char **words) {
  (void)words;
  pthread_t holder;
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, 2);
  if (pthread_create(&holder, NULL, hold_output, &barrier)) exit(1);
  pthread_barrier_wait(&barrier);
}

// LOCALE: that of whoever started it
static void in_locale(char **words) {
  printf("locale=%s point=%s\n", setlocale(LC_ALL, words[0]), localeconv()->decimal_point);
  populate();
}

static void many_small(char **words) {
  long failed = 0;
  for (long i = atol(words[0]); i > 0; i--) {
    void *start = mmap(NULL, 4096, BOTH, ANONYMOUS | MAP_POPULATE, -1, 0);
    failed += start == MAP_FAILED || munmap(start, 4096);
  }
  printf("failed=%ld\n", failed);
}

static void at_exit(char **words) {
  populate();
  int status = atoi(words[1]);
  if (!strcmp(words[0], "_exit")) _exit(status);
  if (!strcmp(words[0], "signal")) raise(status);
  exit(status);
}

// Everything is closed, and a file of the program's own gets the numbers.
static void descriptors_closed(char **words) {
  for (int file = 0; file < 3; file++) close(file);
  for (int file = 0; file < 3; file++) opened(words[0], O_RDWR | O_CREAT);
  mmap(room(SIZE), SIZE, BOTH, ANONYMOUS | MAP_POPULATE, -1, 0);
}

static void environment(char **words) {
  for (; *words; words++) printf("%s=%s\n", *words, getenv(*words) ? getenv(*words) : "(none)");
}

// What is linked against a fake library of that name, in the tests' folder.
int cudaHostRegister(void *, size_t, unsigned) __attribute__((weak));
int cuMemHostRegister_v2(void *, size_t, unsigned) __attribute__((weak));

static void registered(char **words) {
  (void)words;
  void *start = mapped(SIZE, BOTH, ANONYMOUS, -1);
  printf("there=%d\n", cudaHostRegister != NULL);
  if (cudaHostRegister) tell("cudaHostRegister", cudaHostRegister(start, SIZE, 0));
  if (cuMemHostRegister_v2) tell("cuMemHostRegister_v2", cuMemHostRegister_v2(start, SIZE, 1));
  tell_pages(start, SIZE);
}

// Writes over the environment that it was started with, as programs do that show what they are at.
static void titled(char **words) {
  (void)words;
  char **last = environ;
  while (last[1]) last++;
  memset(environ[0], 'x', (size_t)(*last + strlen(*last) - environ[0]));
  environ = NULL;
  populate();
}

const struct scenario process_scenarios[] = {
    {"titled", titled},
    {"sandboxed", sandboxed},
    {"sandboxed-strictly", sandboxed_strictly},
    {"filter-refused", filter_refused},
    {"sandboxed-unasked", sandboxed_unasked},
    {"filter-in-vfork", filter_in_vfork},
    {"many-groups", many_groups},
    {"without-proc", without_proc},
    {"small-stack", small_stack},
    {"coroutine", coroutine},
    {"output-held", output_held},
    {"in-locale", in_locale},
    {"fork", in_fork},
    {"vfork", in_vfork},
    {"exec", executed},
    {"threads", in_threads},
    {"many-small", many_small},
    {"exit", at_exit},
    {"descriptors-closed", descriptors_closed},
    {"environment", environment},
    {"register", registered},
    {0},
};
