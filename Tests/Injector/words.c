// What the words of ktask-inject ask for.
#define _GNU_SOURCE
#include "injector.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct wish wanted;

_Noreturn void usage(const char *what) {
  fprintf(stderr, "ktask-inject: wrong usage: %s\n", what);
  exit(64);
}

/// load its number, and for each of them: return the errno
static void read_forbidden(char *calls, int number) {
  struct sock_filter *next = wanted.forbidden;
  *next++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  int most = MOST_FORBIDDEN;
  for (char *call = strtok(calls, ","); call && most > 0; call = strtok(NULL, ","), most--) {
    if (call_number(call) < 0) usage("no such call");
    *next++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call_number(call), 0, 1);
    *next++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)number);
  }
  *next++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  wanted.instructions = (unsigned short)(next - wanted.forbidden);
}

void read_words(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[2], "count") == 0) {
    wanted.mode = COUNT;
  } else if (argc >= 7 && strcmp(argv[2], "fail") == 0) {
    wanted.mode = FAIL;
    wanted.call = call_number(argv[3]);
    if (wanted.call < 0) usage("no such call");
    char *end;
    wanted.result = strtol(argv[4], &end, 10);
    if (*end) wanted.result = -errno_number(argv[4]);
    wanted.from = strtol(argv[5], &end, 10);
    wanted.once = *end != '+';
  } else if (argc >= 8 && strcmp(argv[2], "lie") == 0) {
    wanted.mode = LIE;
    wanted.call = call_number(argv[3]);
    if (wanted.call < 0) usage("no such call");
    char *end;
    wanted.argument = strtol(argv[4], &end, 10);
    wanted.offset = strtol(end, &end, 10);
    if (wanted.argument < 0 || wanted.argument > 5 || *end) usage("no such place");
    wanted.result = strtol(argv[5], NULL, 10);
    wanted.from = strtol(argv[6], &end, 10);
    wanted.once = *end != '+';
  } else if (argc >= 6 && strcmp(argv[2], "signal") == 0) {
    wanted.mode = SIGNAL;
    wanted.signal = signal_number(argv[3]);
    wanted.from = strtol(argv[4], NULL, 10);
    wanted.once = 1;
  } else if (argc >= 6 && strcmp(argv[2], "forbid") == 0) {
    wanted.mode = FORBID;
    read_forbidden(argv[3], errno_number(argv[4]));
  } else if (argc >= 3 && strcmp(argv[2], "watch") == 0) {
    wanted.mode = WATCH;
  } else {
    usage("count, fail, lie, signal, forbid or watch");
  }
}
