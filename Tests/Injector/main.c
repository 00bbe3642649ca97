// ktask-inject REPORT count                  -- PROGRAM WORD…   which system calls it makes, and how often
// ktask-inject REPORT fail CALL RESULT WHEN  -- PROGRAM WORD…   one of them is not made, and gives RESULT
// ktask-inject REPORT lie CALL WHERE VALUE WHEN  -- PROGRAM WORD…   it is made, and 8 bytes of what it tells are VALUE
// ktask-inject REPORT signal NAME N          -- PROGRAM WORD…   NAME comes when it is about to make its N-th call
// ktask-inject REPORT forbid CALL,… ERRNO    -- PROGRAM WORD…   as a container's profile does, and for its children, too
// ktask-inject REPORT watch                  -- PROGRAM WORD…   nothing but the watch that ends one that stands still
//
// WHERE: ARGUMENT+OFFSET, the bytes from which on, in what the call's argument points to; arguments count from 0.
// RESULT: an errno's name, or a number that the call is to return. WHEN: N, the N-th call; N+, that and all later ones.
// Only the call in question stops (seccomp's filter chooses it), so that a run takes hardly longer than without. What
// the dynamic linker calls is its own affair, and what COMMAND of `exec` calls is COMMAND's: neither counts.
#define _GNU_SOURCE
#include "injector.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *report;
static pid_t program;
static int execs;
static struct range linker;
static long counts[MOST_CALLS];
static long seen, injected;

// MARK: the program

static int install_filter(void) {
  if (wanted.mode == WATCH) return 0;
  // all calls, or the wanted one
  struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)};
  struct sock_filter one[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)wanted.call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {1, all};
  if (wanted.mode == FAIL || wanted.mode == LIE) filter = (struct sock_fprog){4, one};
  if (wanted.mode == FORBID) filter = (struct sock_fprog){wanted.instructions, wanted.forbidden};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0) return 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static pid_t start(char **words) {
  int go[2];
  if (pipe(go) != 0) usage("no pipe");
  pid_t child = fork();
  if (child == 0) {
    char byte;
    close(go[1]);
    if (read(go[0], &byte, 1) != 1) _exit(125);
    close(go[0]);
    // one that runs for ever is ended by that
    setrlimit(RLIMIT_CPU, &(struct rlimit){20, 20});
    setenv("SWIFT_BACKTRACE", "enable=no", 1);
    if (install_filter() != 0) _exit(125);
    execvp(words[0], words);
    _exit(125);
  }
  long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;
  if (child == -1 || ptrace(PTRACE_SEIZE, child, 0, options) != 0 || write(go[1], "g", 1) != 1) {
    fprintf(stderr, "ktask-inject: cannot trace: %s\n", strerror(errno));
    exit(125);
  }
  close(go[0]);
  close(go[1]);
  return child;
}

// MARK: its calls

/// A wake that is refused leaves sleepers asleep, which no kernel does: only waits fail.
static int is_wake(const struct user_regs_struct *registers) {
  unsigned long operation = registers->rsi & FUTEX_CMD_MASK;
  return registers->orig_rax == SYS_futex && operation != FUTEX_WAIT && operation != FUTEX_WAIT_BITSET;
}

/// Whether the thread is to stop once more when the call has been made.
static int on_call(pid_t thread) {
  struct user_regs_struct registers;
  if (execs != 1 || ptrace(PTRACE_GETREGS, thread, 0, &registers) != 0) return 0;
  if (registers.rip >= linker.from && registers.rip < linker.to) return 0;
  long call = (long)registers.orig_rax;
  if (call < 0 || call >= MOST_CALLS || is_wake(&registers)) return 0;
  counts[call]++;
  seen++;
  int is_due = wanted.once ? seen == wanted.from : seen >= wanted.from;
  if (wanted.mode == COUNT || !is_due) return 0;
  if (injected++ == 0) describe(report, thread, &registers);
  if (wanted.mode == SIGNAL) {
    kill(program, wanted.signal);
    return 0;
  }
  if (wanted.mode == LIE) return 1;
  registers.orig_rax = (unsigned long long)-1;
  registers.rax = (unsigned long long)wanted.result;
  ptrace(PTRACE_SETREGS, thread, 0, &registers);
  return 0;
}

/// The call has been made: it tells something else.
static void lie(pid_t thread) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, thread, 0, &registers) != 0 || (long long)registers.rax < 0) return;
  const unsigned long long arguments[] = {registers.rdi, registers.rsi, registers.rdx,
                                          registers.r10, registers.r8,  registers.r9};
  ptrace(PTRACE_POKEDATA, thread, arguments[wanted.argument] + (unsigned long long)wanted.offset, wanted.result);
}

/// What a stopped thread is to go on with: the signal that it gets. `until_end`: to the end of the call that it makes.
static int on_stop(pid_t thread, int status, int *until_end) {
  if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
    lie(thread);
    return 0;
  }
  switch (status >> 16) {
    case PTRACE_EVENT_SECCOMP: *until_end = on_call(thread); return 0;
    case PTRACE_EVENT_EXEC:
      if (++execs == 1) linker = linker_of(thread);
      return 0;
    case PTRACE_EVENT_CLONE:
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_STOP: return 0;
    default: return WSTOPSIG(status);
  }
}

// MARK: one that goes on no more

/// Seconds without any work, the little apart that threads take which only look around.
static const long patience = 30;
static const double little = 1;

/// Whether it has stood still for so long. Asked once a second. Who has no CPU does not stand still.
static int stands_still(void) {
  static double before;
  static long quiet;
  double now = processor_seconds(program);
  if (now - before > little) {
    before = now;
    quiet = 0;
  }
  if (!is_at_work(program)) quiet++;
  return quiet > patience;
}

static void on_tick(int number) { (void)number; }

static void watch_time(void) {
  // interrupts the wait, even if whoever began this had it blocked
  sigset_t tick;
  sigemptyset(&tick);
  sigaddset(&tick, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &tick, NULL);
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_tick}, NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){{1, 0}, {1, 0}}, NULL);
}

static int follow(void) {
  watch_time();
  int end = 0, hung = 0;
  for (;;) {
    int status;
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread == -1 && errno == EINTR) {
      if (!hung && stands_still()) {
        hung = 1;
        describe_hang(report, program);
        kill(program, SIGKILL);
      }
      continue;
    }
    if (thread == -1) return hung ? -1 : end;
    if (WIFSTOPPED(status)) {
      int until_end = 0, signal = on_stop(thread, status, &until_end);
      ptrace(until_end ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0, signal);
    } else if (thread == program) {
      end = status;
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 3 || !(report = fopen(argv[1], "we"))) usage("no report");
  read_words(argc, argv);
  int words = 2;
  while (words < argc && strcmp(argv[words], "--") != 0) words++;
  if (words >= argc - 1) usage("no program");
  program = start(argv + words + 1);
  int end = follow();
  for (int call = 0; wanted.mode == COUNT && call < MOST_CALLS; call++) {
    if (counts[call] > 0) fprintf(report, "call %s %ld\n", call_name(call), counts[call]);
  }
  fprintf(report, "injected %ld of %ld\n", injected, seen);
  if (end == -1) {
    fprintf(report, "end hung\n");
  } else if (WIFSIGNALED(end)) {
    fprintf(report, "end signal %d\n", WTERMSIG(end));
  } else {
    fprintf(report, "end exit %d\n", WEXITSTATUS(end));
  }
  return fclose(report) == 0 ? 0 : 125;
}
